/*
 * A job's results as one: the rows of all parts, in the order of their items.
 */
import { GenError } from "@gen/math";
import { type Job, readJob } from "./job.ts";
import { type PartRecord, type Rows, readResult, rowsOf, storedFirsts } from "./results.ts";
import type { Store } from "./store.ts";

/** The results of a whole job. */
export interface Collected {
  /** The job. */
  readonly job: Job;
  /** A row for each item, by name, `[count, ...]`. */
  readonly rows: Rows;
  /** What the kind says of them; that of the first part. */
  readonly facts: unknown;
  /** Who computed which items. */
  readonly parts: readonly (PartRecord & { readonly from: number; readonly to: number })[];
}

/**
 * The results of a job, whose numbers are those that one process computes. It needs the store alone.
 *
 * `const { rows } = await collect(store, "k3v9x2abq7mn")`
 *
 * @param store The store that the job was submitted with.
 * @param id The job.
 * @param onPart Called after each part that was read, with the items so far. Default: none.
 * @throws GenError `usage` when the store has no such job or not all of its parts, `invalid-data` when
 * a part's file is damaged.
 */
export async function collect(
  store: Store,
  id: string,
  onPart?: (done: number, count: number) => void,
): Promise<Collected> {
  const job = await readJob(store, id);
  const { count } = job;
  const rows: Record<string, { data: Float32Array; shape: readonly number[] }> = {};
  const parts: Collected["parts"][number][] = [];
  let facts: unknown;
  let next = 0;
  for (const first of await storedFirsts(store, id)) {
    if (first > next) break;
    // Of a part that was cut otherwise by a worker that died.
    if (first < next) continue;
    const result = await readResult(store, id, first);
    const items = rowsOf(result);
    for (const [name, { data, shape }] of Object.entries(result.rows)) {
      const [own, ...item] = shape;
      const size = item.reduce((a, b) => a * b, 1);
      rows[name] ??= { data: new Float32Array(count * size), shape: [count, ...item] };
      if (own !== items || rows[name].shape.slice(1).join() !== item.join() || next + items > count)
        throw new GenError("invalid-data", `job ${id}: the part of item ${first} does not fit`);
      rows[name].data.set(data, first * size);
    }
    if (first === 0) facts = result.facts;
    next = first + items;
    parts.push({ ...result.record, from: first, to: next });
    onPart?.(next, count);
  }
  if (next === count) return { job, rows, facts, parts };
  throw new GenError(
    "usage",
    `job ${id} is not done: item ${next} of ${count} is missing; gen jobs status ${id} says how far it is`,
  );
}
