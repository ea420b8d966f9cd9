/** Rows as lines of columns with two spaces between; the first `left` columns are aligned to the left. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  left = Number.POSITIVE_INFINITY,
): string[] {
  const widths = (rows[0] ?? []).map((_, k) => Math.max(...rows.map((row) => row[k].length)));
  const cell = (text: string, k: number) =>
    k < left ? text.padEnd(widths[k]) : text.padStart(widths[k]);
  return rows.map((row) => row.map(cell).join("  ").trimEnd());
}
