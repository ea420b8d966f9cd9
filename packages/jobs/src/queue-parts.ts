/*
 * The queue: jobs in Redis, and the parts of each as a queue of BullMQ of its own, whose name is the
 * job's id. So each job has its own limit on parts at the same time, and a worker takes no part of a
 * job that it cannot compute.
 *
 *   NAME:jobs          a hash of all jobs: id -> entry
 *   NAME:ID:plan       where the parts begin and how long they are; written once
 *   NAME:ID:...        BullMQ's: parts that wait, run, are done or set aside
 *
 * A job is one field of a hash, so that it is submitted whole or not at all. Its parts have their first
 * item as their id, so that workers may add them again.
 */

import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { Queue } from "bullmq";
import { type JobEntry, readEntry } from "./job.ts";
import type { loadLibraries } from "./libraries.ts";
import { type Part, partsOf } from "./plan.ts";
import type { PartRecord } from "./results.ts";
import type { Plan } from "./status.ts";

/** How many times a part is tried. */
const ATTEMPTS = 3;

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
  const opened = new Map<string, Queue<Part, PartRecord>>();
  const entryOf = (text: string) => readEntry(text, `a job of queue ${name}`);

  /** The parts of a job as a queue of BullMQ. */
  function bullQueue(id: string): Queue<Part, PartRecord> {
    const known = opened.get(id);
    if (known) return known;
    const made = new libraries.Queue<Part, PartRecord>(id, { connection: redis, prefix: name });
    // The connection reports its errors itself.
    made.on("error", () => undefined);
    opened.set(id, made);
    return made;
  }

  /** Frees what is held of a job that is gone. */
  async function forget(id: string): Promise<void> {
    const known = opened.get(id);
    opened.delete(id);
    await known?.close();
  }

  async function addParts(id: string, parts: readonly Part[]): Promise<void> {
    for (let at = 0; at < parts.length; at += 1000) {
      const bulk = parts.slice(at, at + 1000).map((data) => ({
        ...{ name: "part", data },
        opts: {
          ...{ jobId: `part-${data.from}`, attempts: ATTEMPTS, stackTraceLimit: 0 },
          backoff: { type: "fixed", delay: 500 },
        },
      }));
      await bullQueue(id).addBulk(bulk);
    }
  }

  const plan = async (id: string): Promise<Plan | undefined> => {
    const text = await redis.hget(planKey(id), "plan");
    return text === null ? undefined : (JSON.parse(text) as Plan);
  };

  return {
    ...{ libraries, redis, bullQueue, plan },

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
          found.push(entryOf(text));
        } catch (error) {
          onForeign?.(id, error);
        }
      }
      return found.sort(
        (a, b) => b.priority - a.priority || a.created - b.created || (a.id < b.id ? -1 : 1),
      );
    },

    /** A job. @throws GenError `usage` when the queue has none of this id. */
    async entry(id: string): Promise<JobEntry> {
      const text = await redis.hget(jobsKey, id);
      if (text !== null) return entryOf(text);
      throw new GenError("usage", `queue ${name} has no job ${id}; gen jobs status lists its jobs`);
    },

    /**
     * Adds the parts of a job that are known: the first, or the others once the first was measured.
     * Workers may call it again at any time. The plan, once there is one.
     */
    async addKnownParts({ id, count }: JobEntry, measured?: Plan): Promise<Plan | undefined> {
      if (!(await redis.hexists(jobsKey, id))) return undefined; // It was canceled.
      // The first plan counts: another worker may have measured the first part too.
      if (measured) await redis.hsetnx(planKey(id), "plan", JSON.stringify(measured));
      const known = await plan(id);
      if (!known) {
        await addParts(id, [{ from: 0, to: 1 }]);
        return undefined;
      }
      if (await redis.hexists(planKey(id), "added")) return known;
      await addParts(id, partsOf(known.first, count, known.size));
      await redis.hset(planKey(id), "added", "all");
      return known;
    },

    /** Whether every part that was added is done or set aside. */
    async isOver(id: string): Promise<boolean> {
      const types = ["wait", "active", "delayed", "prioritized"] as const;
      const counts = await bullQueue(id).getJobCounts(...types);
      return types.every((type) => !counts[type]);
    },

    async remove(id: string): Promise<void> {
      await redis.hdel(jobsKey, id);
      await bullQueue(id).obliterate({ force: true });
      await redis.del(planKey(id));
      await forget(id);
    },

    forget,

    close: () => Promise.all(Array.from(opened.values(), (one) => one.close())),
  };
}
