// @ts-check
import * as math from "@gen/math";
import { bundledBytes } from "../../size/bundled-bytes.mjs";
import { npmVersion } from "../machine.mjs";
import { median } from "../statistics.mjs";

/** @type {import("../run.mjs").Suite} */
export const suite = {
  title: "Bundle sizes",
  timed: false,
  seconds: () => 5,
  async run({ progress }) {
    const names = Object.keys(math);
    const bytes = new Map();
    for (const [i, name] of names.entries()) {
      progress(i / names.length, "bundling");
      bytes.set(name, await bundledBytes(`export { ${name} } from "@gen/math";`));
    }
    const ddim = await bundledBytes(`
      export * from "@gen/ddim";
      export { linearSchedule } from "@gen/schedules";
    `);
    const kilobytes = (/** @type {number} */ n) => `${(n / 1000).toFixed(2)} kB`;
    const [largest] = [...names].sort((a, b) => bytes.get(b) - bytes.get(a));
    const larger = names
      .filter((name) => bytes.get(name) > 1000)
      .map((name) => `${name} ${kilobytes(bytes.get(name))}`);
    const middle = median([...bytes.values()]);
    return {
      rows: [
        {
          work: `one import from @gen/math, minified and gzipped, median of ${names.length}`,
          ours: kilobytes(middle),
          peer: "",
          target: "<= 1 kB",
          pass: middle <= 1000,
        },
        {
          work: `the same, the largest: ${largest}`,
          ours: kilobytes(bytes.get(largest)),
          peer: "",
          target: "<= 1 kB",
          pass: bytes.get(largest) <= 1000,
          ...(larger.length > 0 && { note: `above 1 kB: ${larger.join(", ")}` }),
        },
        {
          work: "all of @gen/ddim with its sampling loop and a schedule, no backend",
          ours: kilobytes(ddim),
          peer: "",
          target: "<= 15 kB",
          pass: ddim <= 15_000,
        },
      ],
      versions: [npmVersion("esbuild")],
    };
  },
};
