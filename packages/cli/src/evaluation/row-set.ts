/* Numbers with a row for each item, by name, as the parts of a job have them. */

/** Rows by name, `[rows, ...]` each. */
export type RowSet = Readonly<
  Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>
>;

/** The rows of a set. */
export const rowsIn = (set: RowSet): number => Object.values(set)[0]?.shape[0] ?? 0;

/** Rows `[rows, ...item]` that begin with `data`; what it does not fill is NaN. */
export function paddedRows(
  data: ArrayLike<number>,
  item: readonly number[],
  rows: number,
): RowSet[string] {
  const filled = new Float32Array(rows * item.reduce((a, b) => a * b, 1)).fill(Number.NaN);
  filled.set(data);
  return { data: filled, shape: [rows, ...item] };
}

/** The sets of following items as one. */
export function joinRows(sets: readonly RowSet[]): RowSet {
  if (sets.length === 1) return sets[0];
  const total = sets.reduce((sum, set) => sum + rowsIn(set), 0);
  const joined: Record<string, RowSet[string]> = {};
  for (const [name, { shape }] of Object.entries(sets[0])) {
    const [rows, ...item] = shape;
    const size = sets[0][name].data.length / rows;
    const data = new Float32Array(total * size);
    let at = 0;
    for (const set of sets) {
      data.set(set[name].data, at);
      at += set[name].data.length;
    }
    joined[name] = { data, shape: [total, ...item] };
  }
  return joined;
}
