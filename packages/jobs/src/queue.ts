/* A queue of jobs, as its callers see it. */
import { GenError } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { checkAddress, connect } from "./connect.ts";
import { type JobEntry, removeFiles } from "./job.ts";
import type { JobStatus } from "./job-status.ts";
import { loadLibraries } from "./libraries.ts";
import { workersIn } from "./presence.ts";
import { inside, queueParts } from "./queue-parts.ts";
import type { QueueWorker } from "./queue-worker.ts";
import { statusOf } from "./status.ts";
import type { Store } from "./store.ts";

/** How a queue is reached. */
export interface QueueOptions {
  /** Redis' address, such as "redis://:password@host:6379". @defaultValue "redis://127.0.0.1:6379" */
  readonly redis?: string;
  /** The queue's name: letters, digits, `_` and `-`. Several share a Redis. @defaultValue "gen" */
  readonly name?: string;
}

/** An open connection to a queue. */
export interface JobQueue {
  /** The queue's name. */
  readonly name: string;
  /** All jobs, those that run first before the others. */
  entries(): Promise<readonly JobEntry[]>;
  /**
   * How far a job is.
   *
   * @param id The job.
   * @throws GenError `usage` when the queue has no such job.
   */
  status(id: string): Promise<JobStatus>;
  /**
   * Tries the parts that were set aside again, three times each. Call it when the cause is mended: workers
   * also look anew at a job that they refused.
   *
   * @param id The job.
   * @returns How many parts are tried again.
   * @throws GenError `usage` when the queue has no such job.
   */
  retry(id: string): Promise<number>;
  /**
   * Takes a job out of the queue. Workers stop what they compute of it within seconds.
   *
   * @param id The job.
   * @param store A store whose files of the job are removed too. Default: they are kept.
   * @throws GenError `usage` when the queue has no such job.
   */
  cancel(id: string, store?: Store): Promise<void>;
  /**
   * The workers that are there: connected, and heard of in the last 30 seconds.
   *
   * @throws GenError `unreachable` while Redis is away.
   */
  workers(): Promise<readonly QueueWorker[]>;
  /** Closes the connection. */
  close(): Promise<void>;
}

/**
 * Connects to a queue. It needs bullmq and ioredis, which are installed beside this package, and a
 * Redis or Valkey of version 6.2 or later.
 *
 * `const queue = await openQueue({ redis: "redis://127.0.0.1:6379" })`
 *
 * @param options Redis' address and the queue's name. Default: a Redis on this machine.
 * @throws GenError `backend-unavailable` when the libraries are missing, `unreachable` when Redis does
 * not answer, with the command that starts one; RangeError for an option.
 */
export async function openQueue(options: QueueOptions = {}): Promise<JobQueue> {
  checkOptions(options, { redis: rules.optional(rules.TEXT), name: rules.optional(rules.TEXT) });
  const { redis: url = "redis://127.0.0.1:6379", name = "gen" } = options;
  if (!/^[\w-]{1,64}$/.test(name))
    throw new ArgumentError(`name must be letters, digits, _ and -, got ${JSON.stringify(name)}`);
  checkAddress(url);
  const libraries = await loadLibraries();
  const parts = queueParts(libraries, await connect(libraries.Redis, url), name);
  const { redis } = parts;
  const queue: JobQueue = {
    name,
    entries: parts.entries,
    async status(id) {
      const entry = await parts.entry(id);
      // In this order, so that a part is never left out between two answers.
      const [counts, tally] = [await parts.counts(id), await parts.tally.read(id)];
      return statusOf(entry, { counts, tally, plan: await parts.plan(entry) });
    },
    retry: parts.retry,
    async cancel(id, store) {
      try {
        await parts.entry(id);
        await parts.remove(id);
      } finally {
        if (store) await removeFiles(store, id);
      }
    },
    async workers() {
      if (redis.status === "ready") return workersIn(String(await redis.client("LIST")), name);
      throw new GenError("unreachable", "Redis does not answer; it is tried again");
    },
    async close() {
      await parts.close();
      redis.disconnect();
    },
  };
  inside.set(queue, parts);
  return queue;
}
