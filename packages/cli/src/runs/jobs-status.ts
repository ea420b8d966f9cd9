/* The work of `gen jobs status`, `gen jobs retry` and `gen jobs cancel`. */
import { setTimeout } from "node:timers/promises";
import type { JobQueue, JobStatus } from "@gen/jobs";
import { type JobsOptions, openJobs } from "../jobs-queue.ts";
import { duration, interruptSignal, oneLine, print, progress } from "../terminal.ts";

export interface StatusOptions extends JobsOptions {
  readonly follow: boolean;
}

const FOLLOW_MS = 500;

/** Runs `gen jobs status`. */
export async function runStatus(id: string | undefined, options: StatusOptions): Promise<void> {
  const queue = await openJobs(options);
  try {
    if (id === undefined) {
      const all: JobStatus[] = [];
      for (const entry of await queue.entries()) all.push(await queue.status(entry.id));
      const lines = all.length > 0 ? all.map(lineOf) : [`queue ${queue.name} has no jobs`];
      return print(options.json, all, lines);
    }
    const status = options.follow ? await followed(queue, id) : await queue.status(id);
    print(options.json, status, [lineOf(status), ...details(status)]);
    if (status.state === "failed") process.exitCode = 1;
  } finally {
    await queue.close();
  }
}

/** Shows progress until a job is over, or until Ctrl-C, which leaves the job alone. */
async function followed(queue: JobQueue, id: string): Promise<JobStatus> {
  const signal = interruptSignal("the job goes on");
  const line = progress(`Job ${id}`);
  for (;;) {
    const status = await queue.status(id);
    const { done, count, parts, secondsLeft, state } = status;
    line.update(done, count, `${parts.running} running`, secondsLeft);
    if (state === "done" || state === "failed" || signal.aborted) {
      line.finish(state);
      return status;
    }
    await setTimeout(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** A job in a line. */
function lineOf({ id, kind, state, done, count, parts, secondsLeft, priority }: JobStatus): string {
  const percent = `${Math.floor((100 * done) / count)}%`;
  return [
    ...[id, kind, state, percent, `${done} of ${count}`],
    `${parts.running} running`,
    ...(parts.failed > 0 ? [`${parts.failed} set aside`] : []),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
  ].join("  ");
}

/** Workers and reasons that are shown. --json has all that are known. */
const SHOWN = 20;

/** Who computed what, and what was set aside. Others may have written it. */
const details = ({ workers, failed, parts }: JobStatus): string[] =>
  [
    ...workers
      .slice(0, SHOWN)
      .map(
        ({ worker, backend, version, parts, items }) =>
          `  ${worker}  ${backend}  gen ${version}  ${counted(parts, "part")}, ${counted(items, "item")}`,
      ),
    ...andMore(workers.length, "worker"),
    ...failed
      .slice(0, SHOWN)
      .map(({ from, reason }) => `  set aside: the part of item ${from}: ${reason}`),
    ...andMore(parts.failed, "part"),
  ].map(oneLine);

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;

const andMore = (count: number, what: string) =>
  count > SHOWN ? [`  and ${counted(count - SHOWN, `more ${what}`)}`] : [];

/** Runs `gen jobs retry`. */
export async function runRetry(id: string, options: JobsOptions): Promise<void> {
  const queue = await openJobs(options);
  try {
    const parts = await queue.retry(id);
    print(options.json, { id, parts }, [
      parts === 0
        ? `no part of job ${id} was set aside; workers that refused it look at it again`
        : `${counted(parts, "part")} of job ${id} ${parts === 1 ? "is" : "are"} tried again; gen jobs status ${id} says how far it is`,
    ]);
  } finally {
    await queue.close();
  }
}

/** Runs `gen jobs cancel`. */
export async function runCancel(id: string, options: JobsOptions): Promise<void> {
  const queue = await openJobs(options);
  try {
    await queue.cancel(id);
    print(options.json, { id, canceled: true }, [
      `job ${id} is canceled; what it has in the store stays`,
    ]);
  } finally {
    await queue.close();
  }
}
