// @ts-check
// The readers of strangers' bytes that are no package's own: the demo's link and points, whose sources
// are bundled here, and the settings of Stable Diffusion web UI in the command.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { fromWebUi } from "../../packages/cli/dist/web-ui-settings.js";
import { parseParameters } from "../../packages/data/dist/parameters-text.js";
import { parseJson } from "../../packages/math/dist/json.js";
import { postcardCode } from "../fixtures/crafted-files.mjs";

/** @typedef {import("./mutate.mjs").RandomSource} RandomSource */

/** A module of an app or of the figures, with what it imports. @param {string} path from the root */
async function bundled(path) {
  const url = new URL(`../../${path}`, import.meta.url);
  const entryPoints = [fileURLToPath(url)];
  const { outputFiles } = await build({ entryPoints, bundle: true, format: "esm", write: false });
  return import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`
  );
}

const { decodePicture, encodePicture } = await bundled("packages/figures/src/postcard/link.ts");
const { grid, maxCells } = await bundled("packages/figures/src/postcard/picture.ts");
const { readPoints } = await bundled("apps/demo/src/pages/postcard/read-points.ts");

const text = (/** @type {string} */ content) => new Uint8Array(Buffer.from(content));
const MAX_POINTS = 50_000;

/** Codes whose checksum is right. @param {RandomSource} random */
function randomCode(random) {
  const count = random.chance(0.8) ? 1 + random.below(40) : random.below(2 ** 16);
  const gaps = random.bytes(random.below(99)).map((byte) => (random.chance(0.3) ? 255 : byte));
  return postcardCode(Uint8Array.of(...random.bytes(4), count >> 8, count & 255, ...gaps));
}

const NUMBERS = ["1", "-2.5", "1e300", "-1e301", "nan", "0x1F", "", "Infinity", "1_0", "\u00e9"];

/** @param {RandomSource} random */
function randomPoints(random) {
  const separator = random.pick([",", ";", "\t", " ", ", "]);
  const row = () => Array.from({ length: random.below(5) }, () => random.pick(NUMBERS));
  const rows = Array.from({ length: random.below(40) }, () => row().join(separator));
  return text(rows.join(random.pick(["\n", "\r\n"])));
}

const WORDS = [
  "Euler a",
  "DPM++ 2M",
  "DPM2 a",
  "DDIM",
  " Karras",
  " Exponential",
  "Automatic",
  "x",
];
const PAIRS = [
  "Steps: 1",
  "CFG scale: 7",
  "Seed: 5",
  "RNG: CPU",
  "Eta: 1",
  "Denoising strength: x",
];

/** @param {RandomSource} random */
function randomSettings(random) {
  const word = () => Array.from({ length: random.below(4) }, () => random.pick(WORDS)).join("");
  const pairs = [`Sampler: ${word()}`, `Schedule type: ${word()}`, ...PAIRS];
  const chosen = pairs.filter(() => random.chance(0.8)).join(", ");
  return text(
    random.chance(0.5) ? `a\n${chosen}` : JSON.stringify({ sampler: word(), seed: chosen }),
  );
}

/** @type {Readonly<Record<string, import("./readers.mjs").FuzzedReader>>} */
export const appReaders = {
  "postcard-link": {
    seeds: () =>
      [[3], [0, 1, 130], [grid.columns * grid.rows - 1]].map((cells) =>
        text(encodePicture({ cells: Uint32Array.from(cells), seed: 7 })),
      ),
    make: randomCode,
    tokens: ["1", "A", "_", "-", "=", "%", "\xff"],
    read: (bytes) => {
      const found = decodePicture(Buffer.from(bytes).toString("latin1"));
      if (!found) throw new RangeError("no picture");
      const { cells } = found;
      const isRising = cells.every((/** @type {number} */ cell, /** @type {number} */ i) =>
        i === 0 ? true : cell > cells[i - 1],
      );
      const fits = cells.length <= maxCells && cells.at(-1) < grid.columns * grid.rows;
      if (!isRising || !fits) throw new Error(`cells ${cells}`);
      const again = decodePicture(encodePicture(found));
      if (String(again?.cells) !== String(cells)) throw new Error("the picture is lost");
    },
  },
  "postcard-points": {
    seeds: () => [text("x,y\n1,2\n3,4\n5,6\n"), text("1;2\r\n3;4\r\n5;6")],
    make: randomPoints,
    tokens: [",", ";", "\t", "\n", "\r", "1e308", "nan", "-", "\xff"],
    read: async (bytes) => {
      const points = await readPoints(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)]));
      if (!points) throw new RangeError("no points");
      const count = points.length / 2;
      if (count < 3 || count > MAX_POINTS || !Number.isInteger(count)) throw new Error(`${count}`);
      if (points.some((/** @type {number} */ value) => !Number.isFinite(value)))
        throw new Error("not finite");
    },
  },
  "web-ui-settings": {
    seeds: () => [
      text("a fox\nNegative prompt: b\nSteps: 20, Sampler: DPM++ 2M Karras, Seed: 5, Eta: 1"),
      text('{"sampler":"Euler a","scheduleType":"Karras","seed":5,"strength":0.5}'),
    ],
    make: randomSettings,
    tokens: [...WORDS, ...PAIRS, "Sampler: ", "Schedule type: ", "__proto__", "constructor", '"'],
    read: (bytes) => {
      const content = Buffer.from(bytes).toString();
      const found = content.startsWith("{") ? parseJson(content) : parseParameters(content);
      // likeRules of the command: the sampler is a text.
      if (typeof found !== "object" || Array.isArray(found) || typeof found?.sampler !== "string")
        return;
      const { settings, notes } = fromWebUi(found);
      const long = notes.find(
        (/** @type {string} */ note) => note.length > 300 || /[\n\r]/.test(note),
      );
      if (long !== undefined) throw new Error(`a note: ${long}`);
      if (Object.getPrototypeOf(settings) !== Object.prototype) throw new Error("a prototype");
    },
  },
};
