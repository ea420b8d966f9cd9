/*
 * The samples of several requests as rows of batches:
 *
 *   requests    a: 3 samples, b: 2 samples
 *   rows        a0 a1 a2 b0 b1
 *   batches     a0 a1 a2 b0 | b1 b1 b1 b1     of 4 rows; what fills the last one up is thrown away
 *
 * A row's noise depends on its request's seed and its own number alone. A library may choose another
 * algorithm for another size of a batch, which changes the last bits: batches of one size give the
 * same bits to a request, whatever shares its run.
 */
import type { Drawn, DrawRequest, ServedModel, StepProgress } from "./served-model.ts";

/** A sample of a request. */
export interface Row {
  readonly seed: number;
  readonly index: number;
  readonly request: DrawRequest;
}

/** How a batch's run is stopped and watched. */
type Run = Parameters<ServedModel["draw"]>[1];

/** Draws the samples of requests in batches of `size` rows, and gives each request its own. */
export async function drawRows(
  requests: readonly DrawRequest[],
  size: number,
  { signal, onStep }: Run,
  draw: (rows: readonly Row[], run: Run) => Promise<Drawn>,
): Promise<Drawn[]> {
  const rows = requests.flatMap((request) =>
    Array.from({ length: request.count }, (_, index) => ({ seed: request.seed, index, request })),
  );
  const parts: Drawn[] = [];
  for (let first = 0; first < rows.length; first += size) {
    const own = rows.slice(first, first + size);
    const batch = [...own, ...Array<Row>(size - own.length).fill(own[0])];
    const share = own.length / rows.length;
    const report = ({ done, steps, secondsLeft }: StepProgress) =>
      onStep({
        done: first / rows.length + done * share,
        steps,
        ...(size >= rows.length && { secondsLeft }),
      });
    parts.push(await draw(batch, { signal, onStep: report }));
  }
  const [{ shape, steps }] = parts;
  const [, ...item] = shape;
  const length = item.reduce((a, b) => a * b, 1);
  const valuesOf = (row: number) =>
    parts[Math.floor(row / size)].x.subarray((row % size) * length, ((row % size) + 1) * length);
  let first = 0;
  return requests.map(({ count }) => {
    const x = new Float32Array(count * length);
    for (let i = 0; i < count; i++) x.set(valuesOf(first + i), i * length);
    first += count;
    return { x, shape: [count, ...item], steps };
  });
}
