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
 * parts take `seconds` each, or less, so that a short job has parts for many workers.
 */

/** A range of items: the batches that begin in it. */
export interface Part {
  /** The first item, 0-based. */
  readonly from: number;
  /** One past the last item. */
  readonly to: number;
}

/** What the first part found. */
export interface Measured {
  /** Items that are done. */
  readonly done: number;
  /** Items in a batch. */
  readonly batch: number;
  /** Seconds that a batch takes. */
  readonly seconds: number;
}

/** Parts that a short job has, if each then takes a second or more. */
const FEW = 128;

/** The items of each further part: whole batches that take about `seconds`. */
export function partSize(
  { count, seconds }: { readonly count: number; readonly seconds: number },
  { done, batch, seconds: each }: Measured,
): number {
  const batches = Math.ceil((count - done) / batch);
  const target = Math.min(seconds, Math.max(1, (batches * each) / FEW));
  return batch * Math.max(1, Math.min(batches, Math.floor(target / Math.max(each, 1e-6))));
}

/** The parts of items `first` to `count`, of `size` items each. */
export function partsOf(first: number, count: number, size: number): Part[] {
  const parts: Part[] = [];
  for (let from = first; from < count; from += size)
    parts.push({ from, to: Math.min(count, from + size) });
  return parts;
}
