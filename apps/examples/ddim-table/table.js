import { columns } from "./cells.js";

/** A table as Markdown: rows are steps, each cell the mean and deviation over the seeds. */
export function markdownTable(cells, { steps, seeds, count }, measure) {
  const value = (s, column) => {
    const all = cells
      .filter((c) => c.steps === s && c.column === column && c.count === count)
      .map((c) => c[measure]);
    const mean = all.reduce((sum, v) => sum + v, 0) / all.length;
    if (all.length === 0) return "";
    if (all.length < 2) return mean.toFixed(3);
    const squares = all.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    return `${mean.toFixed(3)} ± ${Math.sqrt(squares / (all.length - 1)).toFixed(3)}`;
  };
  const rows = steps.map((s) => `| ${s} | ${columns.map((c) => value(s, c)).join(" | ")} |`);
  return [
    `Frechet distance in ${measure} of ${count} samples to the 1,797 digits, ${seeds.length} seed${seeds.length > 1 ? "s" : ""}:`,
    "",
    `| S | ${columns.join(" | ")} |`,
    `|---|${columns.map(() => "---|").join("")}`,
    ...rows,
    "",
  ].join("\n");
}
