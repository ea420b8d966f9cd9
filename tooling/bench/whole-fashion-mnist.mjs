// @ts-check
import { existsSync, readFileSync } from "node:fs";
import { arrayDataset, fashionMnist, readIdx } from "@gen/data";

export const folder = process.env.GEN_BENCH_FASHION_MNIST ?? "/usr/share/datasets/fashion-mnist";
export const installData = "apt-get install dataset-fashion-mnist";

/**
 * All of Fashion-MNIST from the system's package, or the embedded part of it where that is missing.
 */
export async function wholeFashionMnist() {
  const read = (/** @type {string} */ split) => {
    const name = `${folder}/${split}-images-idx3-ubyte.gz`;
    if (!existsSync(name)) return undefined;
    return arrayDataset(readIdx(readFileSync(name), { name }), { name: "fashion-mnist" });
  };
  const [train, test] = [read("train"), read("t10k")];
  if (train && test) return { train, test, whole: true };
  const [fewer, fewerTest] = [
    await fashionMnist({ split: "train" }),
    await fashionMnist({ split: "test" }),
  ];
  return { train: fewer, test: fewerTest, whole: false };
}
