import * as math from "@gen/math";
import { bundledBytes } from "../../size/bundled-bytes.mjs";
import { median } from "../measure.mjs";

export const title = "Bundle sizes";
export const versions = ["esbuild"];
export const timed = false;

export async function measure() {
  const names = Object.keys(math);
  const bytes = new Map();
  for (const name of names) {
    bytes.set(name, await bundledBytes(`export { ${name} } from "@gen/math";`));
  }
  const ddim = await bundledBytes(`
    export * from "@gen/ddim";
    export { linearSchedule } from "@gen/schedules";
  `);
  const row = (work, size, limit, note) => ({
    work,
    ours: `${(size / 1000).toFixed(2)} kB`,
    target: `<= ${limit} kB`,
    pass: size <= 1000 * limit,
    note,
  });
  const sorted = names.sort((a, b) => bytes.get(b) - bytes.get(a));
  const larger = sorted.filter((name) => bytes.get(name) > 1000);
  const each = larger.map((name) => `${name} ${(bytes.get(name) / 1000).toFixed(2)} kB`);
  return [
    row(
      `one import from @gen/math, minified and gzipped, median of ${names.length}`,
      median([...bytes.values()]),
      1,
    ),
    row(
      `the same, the largest: ${sorted[0]}`,
      bytes.get(sorted[0]),
      1,
      each.length > 0 ? `above 1 kB: ${each.join(", ")}` : undefined,
    ),
    row("all of @gen/ddim with its sampling loop and a schedule, no backend", ddim, 15),
  ];
}
