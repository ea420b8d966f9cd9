import * as math from "@gen/math";
import { bundledBytes } from "../../size/bundled-bytes.mjs";
import { median } from "../measure.mjs";

export const title = "Bundle sizes";
export const versions = ["vite"];
export const timed = false;

const kilobytes = (size) => `${(size / 1000).toFixed(2)} kB`;

export async function measure() {
  const names = Object.keys(math);
  const bytes = new Map();
  for (const name of names) {
    const { first } = await bundledBytes(`export { ${name} } from "@gen/math";`);
    bytes.set(name, first);
  }
  const ddim = await bundledBytes(`
    export * from "@gen/ddim";
    export { sample } from "@gen/sampling";
    export { linearSchedule } from "@gen/schedules";
  `);
  const lazy = Object.entries(ddim.lazy).map(([name, size]) => `${name} ${kilobytes(size)}`);
  const row = (work, size, limit, note) => ({
    work,
    ours: kilobytes(size),
    target: `<= ${limit} kB`,
    pass: size <= 1000 * limit,
    note,
  });
  const sorted = names.sort((a, b) => bytes.get(b) - bytes.get(a));
  const larger = sorted.filter((name) => bytes.get(name) > 1000);
  const each = larger.map((name) => `${name} ${kilobytes(bytes.get(name))}`);
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
    row(
      "first load of @gen/ddim with the sampling loop and a schedule, no backend",
      ddim.first,
      11,
      `loaded when a function or a network is sampled: ${lazy.join(", ")}`,
    ),
  ];
}
