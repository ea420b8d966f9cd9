/*
 * What Redis counts of a job's parts, so that nobody must look at each of them:
 *
 *   NAME:ID:done     a bit for each part whose result is in the store
 *   NAME:ID:tally    a hash: how many parts and items each worker did
 *   NAME:ID:latest   a list of the latest parts: when each was begun, and its items
 *
 * A part is counted after its result was written, and before BullMQ learns that it is done. One script
 * sets the bit, and adds to the numbers only if the bit was new. So a part that is computed twice counts
 * once. The part of a worker that dies in between is given to another, which finds the bit and computes
 * nothing.
 */
import type { Redis } from "ioredis";
import type { JobStatus } from "./job-status.ts";
import type { PartRecord } from "./results.ts";

/** Parts by which the speed is judged. */
const LATEST = 32;

const COUNT = `
if redis.call("HEXISTS", KEYS[1], ARGV[1]) == 0 then return 0 end
if redis.call("SETBIT", KEYS[2], ARGV[2], 1) == 1 then return 0 end
redis.call("HINCRBY", KEYS[3], "parts " .. ARGV[3], 1)
redis.call("HINCRBY", KEYS[3], "items " .. ARGV[3], ARGV[4])
local now = redis.call("TIME")
redis.call("LPUSH", KEYS[4], string.format("%.3f", now[1] + now[2] / 1e6 - ARGV[5]) .. " " .. ARGV[4])
redis.call("LTRIM", KEYS[4], 0, ${LATEST - 1})
return 1`;

/** Who computed how much. */
type Worker = JobStatus["workers"][number];

/** What is counted of a job. */
export interface Tally {
  readonly workers: readonly Worker[];
  /** Items a second of the latest parts; 0 without any. */
  readonly rate: number;
}

/** The counts of a queue's jobs. */
export function tallies(redis: Redis, name: string) {
  const keysOf = (id: string) => ["done", "tally", "latest"].map((key) => `${name}:${id}:${key}`);
  return {
    /** Counts a part. Whether it is new, and its job was not canceled. */
    async add(
      id: string,
      { index, items, record }: { index: number; items: number; record: PartRecord },
    ): Promise<boolean> {
      const { worker, backend, version, seconds } = record;
      const who = JSON.stringify([worker, backend, version]);
      const keys = [`${name}:jobs`, ...keysOf(id)];
      return (await redis.eval(COUNT, keys.length, ...keys, id, index, who, items, seconds)) === 1;
    },

    /** Whether a part is counted. */
    has: async (id: string, index: number): Promise<boolean> =>
      (await redis.getbit(keysOf(id)[0], index)) === 1,

    /** How many parts are counted. */
    count: (id: string): Promise<number> => redis.bitcount(keysOf(id)[0]),

    /** The parts from `first` to before `end` that are not counted. */
    async missing(id: string, first: number, end: number): Promise<number[]> {
      const at = first >> 3;
      const bytes = await redis.getrangeBuffer(keysOf(id)[0], at, (end - 1) >> 3);
      return Array.from({ length: end - first }, (_, i) => first + i).filter(
        (index) => !((bytes[(index >> 3) - at] ?? 0) & (128 >> (index & 7))),
      );
    },

    async read(id: string): Promise<Tally> {
      const [, tally, latest] = keysOf(id);
      const [numbers, times, [seconds, micros]] = await Promise.all([
        redis.hgetall(tally),
        redis.lrange(latest, 0, LATEST - 1),
        redis.time(),
      ]);
      return { workers: workersOf(numbers), rate: rateOf(times, +seconds + +micros / 1e6) };
    },

    remove: (id: string): Promise<unknown> => redis.del(...keysOf(id)),
  };
}

/** The workers of a hash, those with the most items first. */
function workersOf(numbers: Readonly<Record<string, string>>): Worker[] {
  const found = Object.keys(numbers).filter((key) => key.startsWith("parts "));
  const workers = found.map((key) => {
    const who = key.slice("parts ".length);
    const [worker, backend, version] = JSON.parse(who);
    return {
      ...{ worker, backend, version },
      parts: Number(numbers[key]),
      items: Number(numbers[`items ${who}`]),
    };
  });
  return workers.sort((a, b) => b.items - a.items);
}

/** Items a second of parts such as "1764520000.125 12": when a part was begun, and its items. */
function rateOf(latest: readonly string[], now: number): number {
  const parts = latest.map((text) => text.split(" ").map(Number));
  const began = Math.min(...parts.map(([time]) => time));
  const items = parts.reduce((sum, [, each]) => sum + each, 0);
  return now > began ? items / (now - began) : 0;
}
