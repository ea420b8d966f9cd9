import { exactDenoiser, positionOf } from "@gen/figures";
import { normalNoise, type PredictionType, slicedWasserstein } from "@gen/math";
import { eventLoopYielder } from "@gen/runtime-gpu/event-loop";
import {
  levelTransitions,
  type Progress,
  type Sampler,
  type Step,
  sampler,
  stepTable,
} from "@gen/sampling";
import { timesteps } from "@gen/schedules";
import { boundOf } from "../points/bound.ts";
import { schedule } from "../points/schedule.ts";
import type {
  CompareWork,
  Fresh,
  Measured,
  Problem,
  Side,
  Trace,
  TraceRequest,
} from "./compare-work.ts";
import { type Draws, drawsOf } from "./draws.ts";
import { directions, pointCount, spread } from "./point-data.ts";
import { jobs } from "./solvers.ts";

/** A denoiser that is ready to sample, and what its samples are compared with. */
interface Machine extends Draws {
  readonly sampler: Sampler;
  readonly predicts: PredictionType;
  /** Bounds of the clean estimate. The exact one needs none. */
  readonly clip?: number;
}

function exactMachine(anchors: Float32Array): Machine {
  const denoise = exactDenoiser(anchors, spread);
  return {
    predicts: "x0",
    sampler: sampler({
      denoiser(x, t) {
        const x0 = new Float64Array(x.length);
        denoise(x, schedule.level(t), x0);
        return x0;
      },
    }),
    ...drawsOf({ anchors }),
  };
}

/** Creates the work of this room. It runs in the thread that calls it. */
export function createCompareWork(): CompareWork {
  let machine: Promise<Machine> | undefined;
  let measuring = new AbortController();
  const tracing = new Map<Side, AbortController>();
  /** Traces that run now. The frontier waits for them, because the reader looks at them. */
  const traces = new Set<Promise<unknown>>();
  let measurement: Promise<unknown> = Promise.resolve();

  async function open(problem: Problem, before: Promise<Machine> | undefined): Promise<Machine> {
    await Promise.allSettled([...traces, measurement]);
    await before?.then(
      (old) => old.sampler.dispose(),
      () => undefined,
    );
    if (problem.kind === "exact") return exactMachine(problem.anchors);
    const { networkSampler } = await import("./network-sampler.ts");
    const { reference, fresh } = problem;
    const clip = boundOf(reference);
    return { predicts: "epsilon", sampler: await networkSampler(problem), clip, reference, fresh };
  }

  const score = (points: ArrayLike<number>, { reference }: Machine) =>
    slicedWasserstein(points, reference, 2, { directions });

  async function draw(
    { sampler: own, clip }: Machine,
    steps: readonly Step[],
    seed: number,
    signal: AbortSignal,
    onStep: (progress: Progress) => unknown,
  ): Promise<ArrayLike<number>> {
    // Messages, such as a stop, arrive between two steps.
    const yieldNow = eventLoopYielder(0);
    const { x } = await own.sample({
      steps,
      shape: [pointCount, 2],
      seed,
      clip,
      signal,
      async onStep(progress) {
        await onStep(progress);
        await yieldNow();
      },
    });
    return x;
  }

  async function traceSide(
    { steps, eta, seed }: TraceRequest,
    signal: AbortSignal,
  ): Promise<Trace | undefined> {
    const current = await machine;
    if (!current || signal.aborted) return undefined;
    const { predicts } = current;
    // The table of `ddimSteps`, without the code of its other spacings.
    const times = timesteps(schedule, { steps, spacing: "trailing" });
    const rows = stepTable(levelTransitions(schedule, times), { eta, predicts });
    const frames = [normalNoise({ seed, purpose: "initial", batch: pointCount, size: 2 })];
    const x = await draw(current, rows, seed, signal, async (progress) =>
      frames.push(Float32Array.from(await progress.x())),
    );
    return { frames, positions: positions(rows), distance: score(x, current) };
  }

  async function measureJobs(
    first: number,
    seed: number,
    signal: AbortSignal,
    onMeasured: (point: Measured) => void,
  ): Promise<void> {
    // The curtain needs none of these tables.
    const [current, { solverRows }] = await Promise.all([machine, import("./solver-rows.ts")]);
    for (let job = first; current && job < jobs.length && !signal.aborted; job++) {
      const { solver, steps } = jobs[job];
      const rows = solverRows[solver](steps, current.predicts);
      const x = await draw(current, rows, seed, signal, () => Promise.allSettled(traces));
      onMeasured({ job, distance: score(x, current) });
    }
  }

  return {
    ready: () => true,

    async use(problem) {
      measuring.abort();
      for (const controller of tracing.values()) controller.abort();
      machine = open(problem, machine);
      await machine;
    },

    async trace(side, request) {
      tracing.get(side)?.abort();
      const controller = new AbortController();
      tracing.set(side, controller);
      const run = untilAborted(traceSide(request, controller.signal), controller.signal);
      traces.add(run);
      try {
        return await run;
      } finally {
        traces.delete(run);
      }
    },

    async fresh(): Promise<Fresh | undefined> {
      const own = machine;
      const current = await own;
      const yieldNow = eventLoopYielder(0);
      const scores: number[] = [];
      for (const points of current?.fresh ?? []) {
        scores.push(score(points, current as Machine));
        await yieldNow();
        if (own !== machine) return undefined;
      }
      return meanAndSpread(scores);
    },

    async measure(first, seed, onMeasured) {
      measuring.abort();
      measuring = new AbortController();
      const { signal } = measuring;
      measurement = untilAborted(measureJobs(first, seed, signal, onMeasured), signal);
      await measurement;
    },

    stop: () => measuring.abort(),
  };
}

/** The result of a run. Undefined if the run failed because it was aborted. */
async function untilAborted<R>(run: Promise<R>, signal: AbortSignal): Promise<R | undefined> {
  try {
    return await run;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** The position of the points before each row and after the last one. */
function positions(rows: readonly Step[]): number[] {
  const { logSnr } = schedule;
  const inside = rows.slice(1).map(({ t }) => positionOf(logSnr[t]));
  return [0, ...inside.map((at) => Math.min(Math.max(at, 0), 1)), 1];
}

export function meanAndSpread(values: readonly number[]): Fresh {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / Math.max(values.length - 1, 1)) };
}
