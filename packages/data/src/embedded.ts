import { decode } from "fast-png";
import type { Dataset } from "./dataset.ts";
import { nodeModule } from "./node-module.ts";

const garments = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
] as const;

/**
 * The optical recognition of handwritten digits: 1,797 images of [1, 8, 8], values 0 to 16, ten
 * classes. Carried by this package; nothing is fetched from elsewhere.
 *
 * E. Alpaydin, C. Kaynak (1998), UCI Machine Learning Repository, CC BY 4.0.
 */
export async function digits(): Promise<Dataset> {
  const sheet = await pixelSheet(new URL("../assets/digits.png", import.meta.url));
  const { data, labels } = cells(sheet, 8);
  return {
    name: "digits",
    data: data.map((level) => level / 15),
    shape: [1, 8, 8],
    length: labels.length,
    range: [0, 16],
    labels,
    classes: Array.from({ length: 10 }, (_, k) => String(k)),
    licence: "CC BY 4.0, E. Alpaydin and C. Kaynak, https://doi.org/10.24432/C50P49",
  };
}

/**
 * Fashion-MNIST, in part: the first 10,000 training images or the first 2,000 test images, in file
 * order; [1, 28, 28], bytes, ten classes of garments. Carried by this package; nothing is fetched
 * from elsewhere.
 *
 * H. Xiao, K. Rasul, R. Vollgraf (2017), arXiv:1708.07747, MIT licence.
 *
 * @throws RangeError when `split` is neither "train" nor "test".
 */
export async function fashionMnist(options: {
  readonly split: "train" | "test";
}): Promise<Dataset> {
  const { split } = options;
  if (split !== "train" && split !== "test") {
    throw new RangeError(`split must be "train" or "test", got ${String(split)}`);
  }
  // Both addresses are spelt out because bundlers find assets by reading the source.
  const sheet = await pixelSheet(
    split === "train"
      ? new URL("../assets/fashion-mnist-train.png", import.meta.url)
      : new URL("../assets/fashion-mnist-test.png", import.meta.url),
  );
  const { data, labels } = cells(sheet, 28);
  return {
    name: `fashion-mnist-${split}`,
    data,
    shape: [1, 28, 28],
    length: labels.length,
    range: [0, 255],
    labels,
    classes: garments,
    licence: "MIT, Copyright 2017 Zalando SE, https://github.com/zalandoresearch/fashion-mnist",
  };
}

interface PixelSheet {
  readonly width: number;
  readonly pixels: Uint8Array;
  readonly labels: string;
}

async function pixelSheet(url: URL): Promise<PixelSheet> {
  const { width, data, text } = decode(await assetBytes(url));
  return { width, pixels: new Uint8Array(data.buffer), labels: text.Labels };
}

/** Node cannot fetch file: addresses. */
async function assetBytes(url: URL): Promise<Uint8Array> {
  if (url.protocol === "file:") {
    return nodeModule("node:fs/promises").readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The images of a sheet, [length, side, side]; there are as many as labels. */
function cells(sheet: PixelSheet, side: number): { data: Uint8Array; labels: Int32Array } {
  const labels = Int32Array.from(sheet.labels, Number);
  const columns = sheet.width / side;
  const data = new Uint8Array(labels.length * side * side);
  for (let i = 0; i < labels.length; i++) {
    const top = Math.floor(i / columns) * side;
    const left = (i % columns) * side;
    for (let y = 0; y < side; y++) {
      const from = (top + y) * sheet.width + left;
      data.set(sheet.pixels.subarray(from, from + side), (i * side + y) * side);
    }
  }
  return { data, labels };
}
