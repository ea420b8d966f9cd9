// Builds packages/data/assets from Debian's packages. See README.md. The output is the same each
// time. Usage: node tooling/datasets/build-assets.mjs FOLDER     (FOLDER of fetch-packages.sh)
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { encodeGrayPng, sheet } from "./png-sheet.mjs";

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node tooling/datasets/build-assets.mjs FOLDER");
  process.exit(2);
}
const assets = fileURLToPath(new URL("../../packages/data/assets/", import.meta.url));
mkdirSync(assets, { recursive: true });

const fashion = "usr/share/datasets/fashion-mnist";
const sources = {
  [`${fashion}/train-images-idx3-ubyte.gz`]:
    "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
  [`${fashion}/train-labels-idx1-ubyte.gz`]:
    "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
  [`${fashion}/t10k-images-idx3-ubyte.gz`]:
    "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
  [`${fashion}/t10k-labels-idx1-ubyte.gz`]:
    "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
  "usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz":
    "46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a",
};

function read(path) {
  const bytes = readFileSync(join(folder, path));
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (hash !== sources[path]) {
    throw new Error(`${path} must have SHA-256 ${sources[path]}, got ${hash}`);
  }
  return gunzipSync(bytes);
}

function write(name, images, labels, n, side, columns, text) {
  const { pixels, width, height } = sheet(images, n, side, columns);
  const png = encodeGrayPng(pixels, width, height, {
    ...text,
    Labels: Array.from(labels.subarray(0, n)).join(""),
  });
  // Bundlers keep a module with the code that imports it, and often leave an image file behind.
  const base64 = `"${png.toString("base64")}"`;
  writeFileSync(join(assets, `${name}.js`), `// ${name}.png\nexport const base64 =\n${base64};\n`);
  writeFileSync(join(assets, `${name}.d.ts`), "export declare const base64: string;\n");
  console.log(`${name}: ${n} images, ${png.length} bytes`);
}

function writeFashion(name, split, n, columns) {
  const images = read(`${fashion}/${split}-images-idx3-ubyte.gz`).subarray(16);
  const labels = read(`${fashion}/${split}-labels-idx1-ubyte.gz`).subarray(8);
  write(name, images, labels, n, 28, columns, {
    Title: `Fashion-MNIST, the first ${n} images of ${split}-images-idx3-ubyte`,
    Copyright: "Copyright 2017 Zalando SE, MIT licence, see fashion-mnist.LICENCE.txt",
    Source: "https://github.com/zalandoresearch/fashion-mnist",
  });
}

writeFashion("fashion-mnist-train", "train", 10_000, 100);
writeFashion("fashion-mnist-test", "t10k", 2_000, 50);

const rows = read("usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz")
  .toString("latin1")
  .trim()
  .split("\n")
  .map((line) => line.split(",").map(Number));
// 0..16 becomes 0..240, so that an image viewer shows the digits. The loader divides by 15.
const digits = Buffer.from(rows.flatMap((row) => row.slice(0, 64).map((value) => value * 15)));
const labels = Buffer.from(rows.map((row) => row[64]));
write("digits", digits, labels, rows.length, 8, 43, {
  Title: "Optical recognition of handwritten digits, the test set, pixel values times 15",
  Copyright: "E. Alpaydin and C. Kaynak, 1998, CC BY 4.0, see digits.LICENCE.txt",
  Source: "https://doi.org/10.24432/C50P49",
});
