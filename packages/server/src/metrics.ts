import type { Counter, Gauge, Histogram, Registry } from "prom-client";

type Library = Pick<
  typeof import("prom-client"),
  "Counter" | "Gauge" | "Histogram" | "Registry" | "collectDefaultMetrics"
>;

/** What Prometheus reads at /metrics. */
export interface Metrics {
  readonly registry: Registry;
  readonly requests: Counter<"route" | "status">;
  readonly seconds: Histogram<"route">;
  readonly waiting: Gauge;
  readonly runs: Counter<"result">;
  readonly runSeconds: Histogram;
  readonly samples: Counter;
  readonly batch: Histogram;
}

const times = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

/** The metrics of one server. */
export function serverMetrics(library: Library, waiting: () => number): Metrics {
  const registry = new library.Registry();
  library.collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const { Counter, Gauge, Histogram } = library;
  return {
    registry,
    requests: new Counter({
      name: "gen_requests_total",
      help: "Requests by route and status",
      labelNames: ["route", "status"],
      registers,
    }),
    seconds: new Histogram({
      name: "gen_request_seconds",
      help: "Time from a request to its whole answer",
      labelNames: ["route"],
      buckets: times,
      registers,
    }),
    waiting: new Gauge({
      name: "gen_queue_waiting",
      help: "Requests that wait for a run",
      registers,
      collect() {
        this.set(waiting());
      },
    }),
    runs: new Counter({
      name: "gen_runs_total",
      help: "Runs of the model by result",
      labelNames: ["result"],
      registers,
    }),
    runSeconds: new Histogram({
      name: "gen_run_seconds",
      help: "Time of a run",
      buckets: times,
      registers,
    }),
    samples: new Counter({ name: "gen_samples_total", help: "Samples drawn", registers }),
    batch: new Histogram({
      name: "gen_run_requests",
      help: "Requests that shared a run",
      buckets: [1, 2, 4, 8, 16, 32],
      registers,
    }),
  };
}
