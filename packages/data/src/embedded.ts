/*
 * The images are PNG sheets, as base64 in modules of `assets`. A module is imported when its dataset
 * is read. A bundler thus keeps the images with the code, in a page, a server or a worker, and only
 * those of the functions that the program calls.
 */
import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { decode } from "fast-png";
import type { Dataset } from "./dataset.ts";

const garments =
  "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot";

/**
 * The optical recognition of handwritten digits: 1,797 images of [1, 8, 8], values 0 to 16, ten
 * classes. The package holds them in a module of 61 kB, which is imported by the first call.
 *
 * E. Alpaydin, C. Kaynak (1998), UCI Machine Learning Repository, CC BY 4.0.
 *
 * @throws GenError `download-failed` when the module of the images does not load.
 */
export async function digits(): Promise<Dataset> {
  const { data, labels } = await readSheet(8, () => import("../assets/digits.js"));
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
 * order; [1, 28, 28], bytes, ten classes of garments. The package holds them in two modules, of 5.5
 * MB (train) and 1.1 MB (test). The first call imports the one that it needs.
 *
 * H. Xiao, K. Rasul, R. Vollgraf (2017), arXiv:1708.07747, MIT licence.
 *
 * @param options Which images.
 * @throws RangeError when `split` is neither "train" nor "test".
 * @throws GenError `download-failed` when the module of the images does not load.
 */
export async function fashionMnist(options: {
  /** "train": 10,000 images; "test": 2,000 others. */
  readonly split: "train" | "test";
}): Promise<Dataset> {
  const { split } = options;
  if (split !== "train" && split !== "test") {
    throw new ArgumentError(`split must be "train" or "test", got ${String(split)}`);
  }
  // Both names are written out because bundlers find modules by reading the source.
  const { data, labels } = await readSheet(28, () =>
    split === "train"
      ? import("../assets/fashion-mnist-train.js")
      : import("../assets/fashion-mnist-test.js"),
  );
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
  side: number,
  load: () => Promise<{ base64: string }>,
): Promise<{ data: Uint8Array; labels: Int32Array }> {
  const { base64 } = await load().catch((cause: Error) => {
    const advice = "all files that the bundler wrote must be served";
    throw new GenError("download-failed", `embedded images: ${cause.message}; ${advice}`, {
      cause,
    });
  });
  const { width, data: pixels, text } = decode(bytesOf(base64));
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

/** The bytes of a base64 text. */
function bytesOf(base64: string): Uint8Array {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
