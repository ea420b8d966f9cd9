// The data of the VAE's benches.
import { existsSync, readFileSync } from "node:fs";
import { arrayDataset, fashionMnist, readIdx } from "@gen/data";

export const folder = process.env.GEN_BENCH_FASHION_MNIST ?? "/usr/share/datasets/fashion-mnist";
export const installData = "apt-get install dataset-fashion-mnist";

/** All of Fashion-MNIST from the system's package. Without the package, the embedded part. */
export async function fullFashionMnist() {
  const read = (split) => {
    const name = `${folder}/${split}-images-idx3-ubyte.gz`;
    if (!existsSync(name)) return undefined;
    return arrayDataset(readIdx(readFileSync(name), { name }), { name: "fashion-mnist" });
  };
  const [train, test] = [read("train"), read("t10k")];
  if (train && test) return { train, test, whole: true };
  const embedded = (split) => fashionMnist({ split });
  return { train: await embedded("train"), test: await embedded("test"), whole: false };
}
