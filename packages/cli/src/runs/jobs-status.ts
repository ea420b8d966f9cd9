/* The work of `gen jobs status` and `gen jobs cancel`. */
import { setTimeout } from "node:timers/promises";
import type { JobQueue, JobStatus } from "@gen/jobs";
import { type JobsOptions, openJobs } from "../jobs-queue.ts";
import { duration, interruptSignal, print, progress } from "../terminal.ts";

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
  const signal = interruptSignal();
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

const details = ({ workers, failed }: JobStatus): string[] => [
  ...workers.map(
    ({ worker, backend, version, parts, items }) =>
      `  ${worker}  ${backend}  gen ${version}  ${parts} parts, ${items} items`,
  ),
  ...failed.map(({ from, reason }) => `  set aside: the part of item ${from}: ${reason}`),
];

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
