import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate } from "../measure.mjs";
import { startWays } from "../python-peers.mjs";
import { speedRow } from "../results.mjs";
import { folder, fullFashionMnist } from "../vae.mjs";
import { vaeSteps } from "../vae-steps.mjs";

const torchWays = [
  ["eager, Adam"],
  ["eager, foreach Adam"],
  ["eager, fused Adam"],
  ["torch.compile, fused Adam"],
];
const jaxWays = [["jit, optax's Adam"], ["jit, own Adam"]];

export const title = "VAE 784-400-20 on Fashion-MNIST: training step";
export const versions = ["onnxruntime-node"];

export async function measure() {
  const { train } = await fullFashionMnist();
  const torch = await startWays("vae.py", torchWays, { args: [folder] });
  const jax = await startWays("vae_jax.py", jaxWays, { args: [folder] });
  const backend = await onnxBackend({ provider: "cpu", threads: 2 });
  const ours = await vaeSteps(backend, train);
  const sides = { ours: ours.steps, ...torch.sides, ...jax.sides };
  const blocks = await alternate(sides, { rounds: 15, count: 40 });
  await ours.stop();
  await backend.close();
  await torch.stop();
  await jax.stop();
  const row = (library, peer, target) =>
    speedRow({
      work: `training step, batch 128, Adam, beside ${library}: onnxruntime-node, 2 threads`,
      ours: blocks.ours,
      target,
      ...peer.best(blocks),
    });
  return [row("PyTorch", torch, 1), row("JAX", jax, 0.8)];
}
