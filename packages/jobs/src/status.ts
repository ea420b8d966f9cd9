/* How far a job is. It costs the same for any number of parts. */
import type { JobEntry } from "./job.ts";
import type { JobStatus } from "./job-status.ts";
import { type Part, type Plan, partCount } from "./plan.ts";
import type { Tally } from "./tally.ts";

interface Found {
  /** Parts that BullMQ has. */
  readonly counts: {
    readonly waiting: number;
    readonly running: number;
    /** Items that running parts say they have, which may have a fraction. */
    readonly progress: number;
    readonly setAside: number;
    /** The latest of those set aside. */
    readonly failed: readonly { readonly data: Part; readonly failedReason: string }[];
    /** Whether it gets no more, because too many are set aside. */
    readonly isResting: boolean;
    /** Parts that it was given. */
    readonly added: number;
  };
  readonly tally: Tally;
  readonly plan: Plan | undefined;
}

/** How far a job is. */
export function statusOf(entry: JobEntry, { counts, tally, plan }: Found): JobStatus {
  const { count } = entry;
  const { waiting, running, setAside, failed, isResting, added } = counts;
  const { workers, rate } = tally;
  const done = workers.reduce((sum, { items }) => sum + items, 0);
  const parts = workers.reduce((sum, each) => sum + each.parts, 0);
  const known = waiting + running + setAside;
  const all = plan ? partCount(count, plan) : known;
  const isOver = setAside > 0 && waiting + running === 0 && (!plan || isResting || added >= all);
  const ended = done === count ? "done" : isOver ? "failed" : undefined;
  const state = ended ?? (running + done > 0 ? "running" : "waiting");
  return {
    ...entry,
    ...{ state, done, progress: Math.min(count, done + counts.progress) },
    // A part is counted a moment before BullMQ learns that it is done.
    parts: {
      ...{ all, done: parts, failed: setAside },
      running: Math.min(running, Math.max(0, all - parts - setAside)),
    },
    ...(state === "running" && rate > 0 && { secondsLeft: (count - done) / rate }),
    workers,
    // The first part ends where the plan begins.
    failed: failed
      .map(({ data: { from, to }, failedReason: reason }) => ({
        ...{ from, to: from === 0 ? (plan?.first ?? to) : to, reason },
      }))
      .sort((a, b) => a.from - b.from),
  };
}
