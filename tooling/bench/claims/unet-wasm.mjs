import { weightsOf } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate } from "../measure.mjs";
import { tfjsUnet } from "../peers/tfjs-unet.mjs";
import { speedRow } from "../results.mjs";
import { benchUnet, outputOn, probe, requireSame, samplingSteps, size } from "../unet.mjs";

const batch = 16;

export const title = "UNet 28x28, 1.1 M parameters: DDIM step in WebAssembly, in Node";
export const versions = ["onnxruntime-web"];

export async function measure() {
  const network = benchUnet();
  const backend = await onnxBackend({ provider: "wasm", threads: 2 });
  const tfjs = await tfjsUnet(weightsOf(network), size);
  const { x, t } = probe(batch);
  requireSame("tfjs", tfjs.output(x, t), await outputOn(backend, network, batch));
  const ours = await samplingSteps(backend, network, [batch, 1, size, size]);
  const sides = { ours: ours.steps, peer: tfjs.sampler(batch) };
  const blocks = await alternate(sides, { rounds: 5, count: 3, warmUp: 1, settle: 12 });
  await ours.stop();
  await backend.close();
  const row = speedRow({
    work: `DDIM step, batch ${batch}: onnxruntime-web WASM in Node, 2 threads`,
    ...blocks,
    name: tfjs.name,
    target: 2,
    note: "tfjs has one thread in Node",
  });
  return [row];
}
