import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { decode } from "fast-png";
import type { Dataset } from "./dataset.ts";
import { nodeModule } from "./files.ts";

const garments =
  "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot";

/**
 * The optical recognition of handwritten digits: 1,797 images of [1, 8, 8], values 0 to 16, ten
 * classes. The package holds them; nothing is downloaded.
 *
 * E. Alpaydin, C. Kaynak (1998), UCI Machine Learning Repository, CC BY 4.0.
 */
export async function digits(): Promise<Dataset> {
  const { data, labels } = await readSheet(new URL("../assets/digits.png", import.meta.url), 8);
  return {
    name: "digits",
    data: data.map((level) => level / 15),
    shape: [1, 8, 8],
    length: labels.length,
    range: [0, 16],
    labels,
    classes: Array.from({ length: 10 }, (_, k) => String(k)),
    license: "CC BY 4.0, E. Alpaydin and C. Kaynak, https://doi.org/10.24432/C50P49",
  };
}

/**
 * Fashion-MNIST, in part: the first 10,000 training images or the first 2,000 test images, in file
 * order; [1, 28, 28], bytes, ten classes of garments. The package holds them; nothing is
 * downloaded.
 *
 * H. Xiao, K. Rasul, R. Vollgraf (2017), arXiv:1708.07747, MIT licence.
 *
 * @param options Which images.
 * @throws RangeError when `split` is neither "train" nor "test".
 */
export async function fashionMnist(options: {
  /** "train": 10,000 images; "test": 2,000 others. */
  readonly split: "train" | "test";
}): Promise<Dataset> {
  const { split } = options;
  if (split !== "train" && split !== "test") {
    throw new ArgumentError(`split must be "train" or "test", got ${String(split)}`);
  }
  // Both addresses are written out because bundlers find assets by reading the source.
  const url =
    split === "train"
      ? new URL("../assets/fashion-mnist-train.png", import.meta.url)
      : new URL("../assets/fashion-mnist-test.png", import.meta.url);
  const { data, labels } = await readSheet(url, 28);
  return {
    name: `fashion-mnist-${split}`,
    data,
    shape: [1, 28, 28],
    length: labels.length,
    range: [0, 255],
    labels,
    classes: garments.split(", "),
    license: "MIT, Copyright 2017 Zalando SE, https://github.com/zalandoresearch/fashion-mnist",
  };
}

/** Reads a PNG sheet of square images into [length, side, side]; its text holds their labels. */
async function readSheet(
  url: URL,
  side: number,
): Promise<{ data: Uint8Array; labels: Int32Array }> {
  const { width, data: pixels, text } = decode(await assetBytes(url));
  const labels = Int32Array.from(text.Labels, Number);
  const columns = width / side;
  const data = new Uint8Array(labels.length * side * side);
  for (let i = 0; i < labels.length; i++) {
    const top = Math.floor(i / columns) * side;
    const left = (i % columns) * side;
    for (let y = 0; y < side; y++) {
      const from = (top + y) * width + left;
      data.set(pixels.subarray(from, from + side), (i * side + y) * side);
    }
  }
  return { data, labels };
}

/** The bytes of an asset. Node cannot fetch file: addresses. */
async function assetBytes(url: URL): Promise<Uint8Array> {
  if (url.protocol === "file:") return nodeModule("node:fs/promises").readFile(url);
  const response = await fetch(url);
  if (!response.ok) {
    throw new GenError("download-failed", `${url}: ${response.status} ${response.statusText}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
