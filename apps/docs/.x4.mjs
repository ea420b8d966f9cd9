import { readFile } from "node:fs/promises";
import { readNpy, readSafetensors } from "@gen/data";
import { loadPipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { constant, tensor, graphOf } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { mlp, withWeights } from "@gen/nn";
import { generate } from "@gen/sampling";
const here = "apps/docs/test/reference/export/";
const backend = await onnxBackend();
for (const [folder, file] of [["moons", "samples"], ["theirs", "theirs"]]) {
const pipeline = await loadPipeline((path) => readFile(`${here}${folder}/${path}`).catch(() => undefined), {shape: [2]});
console.log(pipeline.shape, pipeline.scheduler.className, pipeline.denoiser.parameters.map((p) => [p.name, p.shape.join("x")].join(" ")));
const noise = readNpy(await readFile(here + "noise.npy"));
const { x } = await generate(pipeline, { backend, count: 4, steps: 20, noise: () => ({ x: noise.data }) });
const want = readNpy(await readFile(`${here}${file}.npy`)).data;
console.log(Array.from(x), Math.max(...x.map((v, i) => Math.abs(v - want[i]))));
}
const net = withWeights(mlp({ inputs: 2, hidden: [16], outputs: 1 }), readSafetensors(await readFile(here + "torch.safetensors")).tensors);
const x = constant(tensor([0.5, -1, 2, 0.25], [2, 2]));
console.log(evaluate(graphOf({ y: net.apply(x) }), {}).y.data, readSafetensors(await readFile(here + "torch.safetensors")).metadata);
await backend.close();
