import type { Picture } from "@gen/figures/postcard";

/** Lines that make `cells`, the numbers of a picture's cells: their gaps are short in base 36. */
export function cellsSource({ cells }: Picture): string {
  const gaps = Array.from(cells, (cell, i) => (cell - (i > 0 ? cells[i - 1] : 0)).toString(36));
  return `const gaps = "${gaps.join(" ")}";
let cell = 0;
const cells = gaps.split(" ").map((gap) => (cell += Number.parseInt(gap, 36)));`;
}
