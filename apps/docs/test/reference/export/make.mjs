// Writes what the Python programs beside this file read: a pipeline's folder, noise and weights.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { standardize, twoMoons, writeNpy, writeSafetensors } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { normalNoise } from "@gen/math";
import { mlp, weightsOf } from "@gen/nn";
import { savePipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";

const folder = import.meta.dirname;
const write = (path, bytes) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
};

const backend = await onnxBackend();
const { dataset } = standardize(twoMoons({ n: 2000, seed: 0 }));
const network = mlp({ inputs: 2, hidden: [64, 64], time: { features: 32 } });
const { pipeline } = await trainDdpm({ backend, dataset, network, steps: 1500, learningRate: 3e-3 });
await savePipeline(pipeline, (path, bytes) => write(`moons/${path}`, bytes));
await backend.close();

const noise = Float32Array.from(normalNoise({ seed: 1, batch: 4, size: 2 }));
write("noise.npy", writeNpy({ data: noise, shape: [4, 2] }));

const net = mlp({ inputs: 2, hidden: [16], outputs: 1, seed: 5 });
write("net.safetensors", writeSafetensors(weightsOf(net)));
