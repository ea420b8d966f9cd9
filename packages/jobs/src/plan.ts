/*
 * How a job is cut into parts. A part is a range of items, and computes the batches that begin in it:
 *
 *   items     0 1 2 3 | 4 5 6 7 | 8 9 A B | C D      batches of one process: 4 4 4 2
 *   parts     [0, 8)            | [8, 14)            batches 0 and 4; batches 8 and 12
 *
 * Every batch of the whole run is in one part, with the size that it has in one process. A batch's
 * noise depends on the seed and the items' numbers. So each batch is the same computation wherever it
 * runs, and the items have the same bits.
 *
 * The first part is one batch, or two: the second is measured, as the first also compiles. The other
 * parts take `seconds` each, or less, so that a short job has parts for many workers. All have one size.
 * So a part is known by its number: 0 is the first, and Redis keeps a bit of each.
 */
import { GenError } from "@gen/math";
import { parseJson } from "@gen/math/json";

/** A range of items: the batches that begin in it. */
export interface Part {
  /** The first item, 0-based. */
  readonly from: number;
  /** One past the last item. */
  readonly to: number;
}

/** How a job is cut, once its first part was measured. */
export interface Plan {
  /** The first item after the measured part. */
  readonly first: number;
  /** Items of each further part. */
  readonly size: number;
  /** The backend that computed the measured part. */
  readonly backend: string;
}

/** What the first part found. */
export interface Measured {
  /** Items that are done. */
  readonly done: number;
  /** Items in a batch. */
  readonly batch: number;
  /** Seconds that a batch takes. */
  readonly seconds: number;
  /** Bytes of a batch's file. */
  readonly bytes: number;
}

/** Parts that a short job has, if each then takes a second or more. */
const FEW = 128;

/** The most parts of a job: a store lists no more files. */
const MAX_PARTS = 1_000_000;

/** The most bytes of a part's file, if it has more than one batch. A worker has it in memory. */
const MAX_BYTES = 2 ** 29;

/**
 * The items of each further part: whole batches that take about `seconds`, and longer in a job that
 * would have too many parts.
 * @throws GenError `usage` when the files of its parts would be too large then.
 */
export function partSize(
  { count, seconds }: { readonly count: number; readonly seconds: number },
  { done, batch, seconds: each, bytes }: Measured,
): number {
  const batches = Math.ceil((count - done) / batch);
  const target = Math.min(seconds, Math.max(1, (batches * each) / FEW));
  const inTime = Math.floor(target / Math.max(each, 1e-6));
  const fewest = Math.ceil(batches / (MAX_PARTS - 1));
  const inFile = Math.max(1, Math.floor(MAX_BYTES / bytes));
  if (fewest > inFile)
    throw new GenError(
      "usage",
      `the job has too many parts: submit it in pieces of at most ${inFile * batch * (MAX_PARTS - 1)} items`,
    );
  return batch * Math.max(1, Math.min(batches, inFile, Math.max(inTime, fewest)));
}

/** How many parts a job has. */
export const partCount = (count: number, { first, size }: Plan): number =>
  1 + Math.ceil((count - first) / size);

/** A part by its number. */
export function partAt(count: number, { first, size }: Plan, index: number): Part {
  if (index === 0) return { from: 0, to: first };
  const from = first + (index - 1) * size;
  return { from, to: Math.min(count, from + size) };
}

/** The number of a part; undefined for a range that is no part of the job. */
export function indexOf(count: number, plan: Plan, part: Part): number | undefined {
  if (!Number.isInteger(part.from)) return undefined;
  const index = 1 + (part.from - plan.first) / plan.size;
  if (!(Number.isInteger(index) && index > 0 && index < partCount(count, plan))) return undefined;
  return partAt(count, plan, index).to === part.to ? index : undefined;
}

/** Reads what Redis keeps of a plan. @throws GenError `invalid-data` when it is no plan of the job. */
export function readPlan(text: string, count: number, id: string): Plan {
  const plan = parseJson(text, { name: `the plan of job ${id}`, limit: 1000 }) as unknown as Plan;
  const { first, size, backend } = plan ?? {};
  const fits =
    [first, size].every(
      (number) => Number.isSafeInteger(number) && number > 0 && number <= count,
    ) &&
    partCount(count, plan) <= MAX_PARTS &&
    typeof backend === "string";
  if (fits) return plan;
  throw new GenError("invalid-data", `the plan of job ${id} in Redis is damaged: cancel the job`);
}
