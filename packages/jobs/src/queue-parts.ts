/*
 * The queue: jobs in Redis, and the parts of each as a queue of BullMQ of its own, whose name is the
 * job's id. So each job has its own limit on parts at the same time, and a worker takes no part of a
 * job that it cannot compute.
 *
 *   NAME:jobs          a hash of all jobs: id -> entry
 *   NAME:ID:plan       how the job is cut, written once; and how many of its parts BullMQ was given
 *   NAME:ID:...        what is counted (tally.ts); BullMQ's: parts that wait, run or are set aside
 *
 * A job is one field of a hash, so that it is submitted whole or not at all. Its parts have their first
 * item as their id, so that workers may add them again. BullMQ has a thousand of them at a time and
 * forgets those that are done, so that a job takes the same memory of Redis whatever its size.
 */

import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { Queue } from "bullmq";
import { type JobEntry, readEntry } from "./job.ts";
import type { loadLibraries } from "./libraries.ts";
import { type Part, type Plan, partAt, partCount, readPlan } from "./plan.ts";
import { tallies } from "./tally.ts";

/** How many times a part is tried. */
const ATTEMPTS = 3;

/** Parts that BullMQ is given at a time. */
const WINDOW = 1000;

/** Parts that are set aside before a job rests: something is wrong with all of them. */
const FAILURES = 1000;

/** Failed parts whose reasons are told. */
const REASONS = 100;

/** Sets a field of a hash from one value to another, unless the job was canceled. Whether it is there. */
const MOVE = `
if redis.call("HEXISTS", KEYS[1], ARGV[1]) == 0 then return 0 end
if (redis.call("HGET", KEYS[2], ARGV[2]) or "0") == ARGV[3] then redis.call("HSET", KEYS[2], ARGV[2], ARGV[4]) end
return 1`;

/** What this package does with a queue. */
type QueueParts = ReturnType<typeof queueParts>;

/** What is behind each queue, which its type does not show. */
export const inside = new WeakMap<object, QueueParts>();

/** The parts of a queue. @throws RangeError when `openQueue` did not make it. */
export function partsInside(queue: object): QueueParts {
  const parts = inside.get(queue);
  if (parts) return parts;
  throw new ArgumentError("queue must be a queue, such as openQueue gives");
}

type Libraries = Awaited<ReturnType<typeof loadLibraries>>;

/** The jobs and the parts of a queue. */
export function queueParts(
  libraries: Libraries,
  redis: InstanceType<Libraries["Redis"]>,
  name: string,
) {
  const jobsKey = `${name}:jobs`;
  const planKey = (id: string) => `${name}:${id}:plan`;
  const opened = new Map<string, Queue<Part>>();
  const tally = tallies(redis, name);

  /** The parts of a job as a queue of BullMQ. */
  function bullQueue(id: string): Queue<Part> {
    const known = opened.get(id);
    if (known) return known;
    const made = new libraries.Queue<Part>(id, {
      ...{ connection: redis, prefix: name },
      // Nobody reads events.
      streams: { events: { maxLen: 10 } },
    });
    // The connection reports its errors itself.
    made.on("error", () => undefined);
    opened.set(id, made);
    return made;
  }

  /** Sets a field, if it has the value that was read. Whether the job is still there. */
  const move = async (key: string, id: string, field: string, from: string, to: string) =>
    (await redis.eval(MOVE, 2, jobsKey, key, id, field, from, to)) === 1;

  async function plan({ id, count }: JobEntry): Promise<Plan | undefined> {
    const text = await redis.hget(planKey(id), "plan");
    return text === null ? undefined : readPlan(text, count, id);
  }

  /** Frees what is held of a job that is gone. */
  async function forget(id: string): Promise<void> {
    const known = opened.get(id);
    opened.delete(id);
    await known?.close();
  }

  /** A job's entry as Redis has it. @throws GenError `usage` when the queue has none of this id. */
  async function textOf(id: string): Promise<string> {
    const found = await redis.hget(jobsKey, id);
    if (found !== null) return found;
    throw new GenError("usage", `queue ${name} has no job ${id}; gen jobs status lists its jobs`);
  }

  const entryOf = (found: string, id: string): JobEntry => {
    const entry = readEntry(found, `job ${id} of queue ${name}`);
    if (entry.id === id) return entry;
    throw new GenError("invalid-data", `job ${id} of queue ${name} is no job of this program`);
  };

  async function remove(id: string): Promise<void> {
    await redis.hdel(jobsKey, id);
    await bullQueue(id).obliterate({ force: true });
    await Promise.all([redis.del(planKey(id)), tally.remove(id)]);
    await forget(id);
  }

  return {
    ...{ libraries, redis, plan, tally, remove },

    /** Puts a job into the queue, whose record and files the store already has. */
    async submit(entry: JobEntry): Promise<void> {
      if (entry.most > 0) await bullQueue(entry.id).setGlobalConcurrency(entry.most);
      await redis.hset(jobsKey, entry.id, JSON.stringify(entry));
    },

    /** All jobs in order. Those that cannot be read are told and left out. */
    async entries(onForeign?: (id: string, error: unknown) => void): Promise<JobEntry[]> {
      const found: JobEntry[] = [];
      const all = await redis.hgetall(jobsKey).catch(async (error: unknown) => {
        if ((await redis.type(jobsKey)) === "hash") throw error;
        throw new GenError(
          "usage",
          `${jobsKey} in Redis is of another program: choose another name than ${name}`,
        );
      });
      for (const [id, text] of Object.entries(all)) {
        try {
          found.push(entryOf(text, id));
        } catch (error) {
          onForeign?.(id, error);
        }
      }
      return found.sort(
        (a, b) => b.priority - a.priority || a.created - b.created || (a.id < b.id ? -1 : 1),
      );
    },

    /** A job. @throws GenError `usage` when the queue has none of this id. */
    entry: async (id: string): Promise<JobEntry> => entryOf(await textOf(id), id),

    /** Keeps how a job is cut. The first plan counts: another worker may have measured too. */
    async keepPlan(entry: JobEntry, measured: Plan): Promise<Plan | undefined> {
      if (!(await redis.hexists(jobsKey, entry.id))) return undefined; // It was canceled.
      await redis.hsetnx(planKey(entry.id), "plan", JSON.stringify(measured));
      return plan(entry);
    },

    /**
     * Gives BullMQ the next parts of a job when it has none that wait. Workers may call it at any time.
     * "over" when each part is done or set aside, too many are set aside, or the job was canceled.
     */
    async refill({ id, count }: JobEntry, plan: Plan | undefined): Promise<"filled" | "over"> {
      if (!(await redis.hexists(jobsKey, id))) return "over";
      // Before there is a plan, only the first part is known.
      const all = plan ? partCount(count, plan) : 1;
      const added = (await redis.hget(planKey(id), "added")) ?? "0";
      const types = ["wait", "prioritized", "active", "delayed", "failed"] as const;
      const counts = await bullQueue(id).getJobCounts(...types);
      if (counts.wait + counts.prioritized > 0) return "filled";
      if (counts.failed >= FAILURES) return "over";
      const [first, end] = [Number(added), Math.min(Number(added) + WINDOW, all)];
      if (first < all) {
        const bulk = (await tally.missing(id, first, end)).map((index) => {
          const data = plan ? partAt(count, plan, index) : { from: 0, to: 1 };
          return {
            ...{ name: "part", data },
            opts: {
              ...{ jobId: `part-${data.from}`, attempts: ATTEMPTS, stackTraceLimit: 0 },
              ...{ removeOnComplete: true, backoff: { type: "fixed", delay: 500 } },
            },
          };
        });
        await bullQueue(id).addBulk(bulk);
        if (!(await move(planKey(id), id, "added", added, `${end}`))) await remove(id);
        return "filled";
      }
      if (counts.active + counts.delayed > 0) return "filled";
      if ((await tally.count(id)) + counts.failed >= all) return "over";
      // Parts that were set aside are tried again, or Redis has lost some.
      await move(planKey(id), id, "added", added, "0");
      return "filled";
    },

    /** Takes the parts that are set aside out of BullMQ; `refill` finds that they are missing. */
    async retry(id: string): Promise<number> {
      const before = await textOf(id);
      const { retries = 0, ...entry } = entryOf(before, id);
      // A worker's clock may be ahead.
      const removed = await bullQueue(id).clean(-86_400_000, 0, "failed");
      // By this, workers learn that a job goes on.
      await move(jobsKey, id, id, before, JSON.stringify({ ...entry, retries: retries + 1 }));
      return removed.length;
    },

    /** How many parts BullMQ has, and why some are set aside. */
    async counts(id: string) {
      const bull = bullQueue(id);
      const types = ["wait", "prioritized", "active", "delayed", "failed"] as const;
      const [counts, failed, active, added] = await Promise.all([
        bull.getJobCounts(...types),
        bull.getJobs(["failed"], 0, REASONS - 1),
        bull.getJobs(["active"], 0, REASONS - 1),
        redis.hget(planKey(id), "added"),
      ]);
      return {
        waiting: counts.wait + counts.prioritized + counts.delayed,
        running: counts.active,
        progress: active.reduce((sum, job) => sum + (Number(job?.progress) || 0), 0),
        setAside: counts.failed,
        failed: failed.filter(Boolean).map(({ data, failedReason }) => ({ data, failedReason })),
        isResting: counts.failed >= FAILURES,
        added: Number(added ?? 0),
      };
    },

    forget,

    close: () => Promise.all(Array.from(opened.values(), (one) => one.close())),
  };
}
