/* How far a job is, by what BullMQ keeps of its parts. */
import type { Job as BullJob } from "bullmq";
import type { JobEntry } from "./job.ts";
import type { JobStatus } from "./job-status.ts";
import type { Part } from "./plan.ts";
import type { PartRecord } from "./results.ts";

/** What BullMQ keeps of a part. */
export type PartJob = BullJob<Part, PartRecord>;

/** How a job is cut. */
export interface Plan {
  /** The first item after the measured part. */
  readonly first: number;
  /** Items of each further part. */
  readonly size: number;
  /** The backend that computed the measured part. */
  readonly backend: string;
}

interface Found {
  readonly running: number;
  readonly active: readonly PartJob[];
  readonly waiting: number;
  readonly finished: readonly PartJob[];
  readonly failed: readonly PartJob[];
  readonly plan: Plan | undefined;
}

/** Parts by which the speed is judged. */
const LATEST = 32;

/** How far a job is. */
export function statusOf(
  entry: JobEntry,
  { running, active, waiting, finished, failed, plan }: Found,
): JobStatus {
  const { count } = entry;
  // The first part ends where the plan begins.
  const endOf = ({ from, to }: Part) => (from === 0 ? (plan?.first ?? 0) : to);
  const itemsOf = ({ data }: PartJob) => endOf(data) - data.from;
  const done = finished.reduce((sum, part) => sum + itemsOf(part), 0);
  const workers = new Map<string, JobStatus["workers"][number]>();
  for (const part of finished) {
    const { worker, backend, version } = part.returnvalue;
    const key = JSON.stringify([worker, backend, version]);
    const { parts = 0, items = 0 } = workers.get(key) ?? {};
    workers.set(key, { worker, backend, version, parts: parts + 1, items: items + itemsOf(part) });
  }
  const latest = finished
    .filter(({ finishedOn }) => finishedOn)
    .sort((a, b) => Number(b.finishedOn) - Number(a.finishedOn))
    .slice(0, LATEST);
  const began = Math.min(...latest.map(({ processedOn }) => Number(processedOn)));
  const rate = latest.reduce((sum, part) => sum + itemsOf(part), 0) / ((Date.now() - began) / 1000);
  const isOver = (plan || failed.length > 0) && running + waiting === 0;
  const state = isOver ? (done === count ? "done" : "failed") : begun(running, finished);
  const shown = state === "failed" && failed.length === 0 ? "running" : state;
  return {
    ...entry,
    state: shown,
    done,
    progress: Math.min(
      count,
      active.reduce((sum, { progress }) => sum + Number(progress), done),
    ),
    parts: {
      all: finished.length + failed.length + running + waiting,
      ...{ done: finished.length, running, failed: failed.length },
    },
    ...(shown === "running" && rate > 0 && { secondsLeft: (count - done) / rate }),
    workers: [...workers.values()].sort((a, b) => b.items - a.items),
    failed: failed.map(({ data, failedReason }) => ({
      ...data,
      to: Math.max(data.to, endOf(data)),
      reason: failedReason,
    })),
  };
}

const begun = (running: number, finished: readonly PartJob[]) =>
  running > 0 || finished.length > 0 ? "running" : "waiting";
