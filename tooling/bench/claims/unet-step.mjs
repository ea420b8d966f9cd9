import { weightsOf } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate } from "../measure.mjs";
import { pyTorch } from "../pytorch.mjs";
import { speedRow } from "../results.mjs";
import { benchUnet, outputOn, probe, requireSame, samplingSteps, size } from "../unet.mjs";

const batch = 16;

export const title = "UNet 28x28, 1.1 M parameters: DDIM step";
export const versions = ["onnxruntime-node"];

export async function measure() {
  const network = benchUnet();
  const peer = await pyTorch("unet.py", 2);
  const backend = await onnxBackend({ device: "cpu", threads: 2 });
  const output = await outputOn(backend, network, batch);
  if (peer.request) requireSame("PyTorch", await torchOutput(peer, network), output);
  const ours = await samplingSteps(backend, network, [batch, 1, size, size]);
  const sides = { ours: ours.steps, ...(peer.request && { peer: peer.steps }) };
  const blocks = await alternate(sides, { rounds: 12, count: 8, warmUp: 1 });
  await ours.stop();
  await backend.close();
  await peer.stop();
  const row = speedRow({
    work: `DDIM step, batch ${batch}: onnxruntime-node, 2 threads`,
    ...blocks,
    name: peer.request ? `${peer.name} and diffusers' step` : peer.name,
    target: 1.6,
  });
  return [row];
}

/** Computes the output of PyTorch's network with our weights. */
function torchOutput(peer, network) {
  const weights = Object.entries(weightsOf(network)).map(([name, { data, shape }]) => [
    name,
    [shape, Array.from(data)],
  ]);
  const { x, t } = probe(batch);
  return peer.request({ do: "output", weights: Object.fromEntries(weights), x: Array.from(x), t });
}
