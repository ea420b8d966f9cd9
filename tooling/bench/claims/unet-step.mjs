import { weightsOf } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate } from "../measure.mjs";
import { startWays } from "../python-peers.mjs";
import { speedRow } from "../results.mjs";
import { benchUnet, outputOn, probe, requireSame, samplingSteps, size } from "../unet.mjs";

const batch = 16;
const torchWays = [["eager"], ["eager, channels last"], ["torch.compile, freezing"]];

export const title = "UNet 28x28, 1.1 M parameters: DDIM step";
export const versions = ["onnxruntime-node"];

export async function measure() {
  const network = benchUnet();
  const first = outputRequest(network);
  const torch = await startWays("unet_step.py", torchWays, { first });
  const openvino = await startWays("unet_openvino.py", [["float32"]], { first });
  const backend = await onnxBackend({ provider: "cpu", threads: 2 });
  const output = await outputOn(backend, network, batch);
  for (const { name, answer } of [...torch.peers, ...openvino.peers]) {
    requireSame(name, answer, output);
  }
  const ours = await samplingSteps(backend, network, [batch, 1, size, size]);
  const sides = { ours: ours.steps, ...torch.sides, ...openvino.sides };
  const blocks = await alternate(sides, { rounds: 12, count: 8, warmUp: 1 });
  await ours.stop();
  await backend.close();
  await torch.stop();
  await openvino.stop();
  const row = (library, peer, target) =>
    speedRow({
      work: `DDIM step, batch ${batch}, beside ${library} and diffusers' step: onnxruntime-node, 2 threads`,
      ours: blocks.ours,
      target,
      ...peer.best(blocks),
    });
  return [row("PyTorch", torch, 1.25), row("OpenVINO", openvino, 1.3)];
}

/** Asks for the output of the peer's network with our weights, which its steps then use. */
function outputRequest(network) {
  const weights = Object.entries(weightsOf(network)).map(([name, { data, shape }]) => [
    name,
    [shape, Array.from(data)],
  ]);
  const { x, t } = probe(batch);
  return { do: "output", weights: Object.fromEntries(weights), x: Array.from(x), t };
}
