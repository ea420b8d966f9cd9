/** Moments of a film strip. */
const MOMENTS = 8;

/** The rows of a table that a strip shows: the first, the last, and evenly between. */
export function momentRows(rows: number): number[] {
  const count = Math.min(MOMENTS, rows);
  return Array.from({ length: count }, (_, i) =>
    Math.round((i * (rows - 1)) / Math.max(count - 1, 1)),
  );
}
