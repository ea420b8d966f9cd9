import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { elbo, trainVae } from "@gen/vae";
import { startPeer } from "../python-peers.mjs";
import { folder, fullFashionMnist, installData } from "../vae.mjs";
import { settings } from "../vae-steps.mjs";

const target = -248.5;

export const title = "VAE 784-400-20 on Fashion-MNIST: test ELBO";
export const versions = ["onnxruntime-node"];
export const timed = false;

export async function measure({ quick }) {
  const epochs = quick ? 1 : 5;
  const { train, test, whole } = await fullFashionMnist();
  const backend = await onnxBackend({ provider: "cpu", threads: 2 });
  const run = { ...settings(), backend, dataset: train, logEvery: 20 };
  const steps = epochs * Math.floor(train.length / run.batchSize);
  const { vae } = await trainVae({ ...run, steps });
  const { elbo: ours } = await elbo({ backend, model: vae, dataset: test, seed: 0 });
  await backend.close();
  const peer = await startPeer("vae.py", "eager, Adam", { args: [folder] });
  const theirs = await peer.request?.({ do: "testElbo", epochs, seed: 0 });
  await peer.stop();
  const row = {
    work: `test ELBO after ${epochs} ${epochs === 1 ? "epoch" : "epochs"} of ${train.length} images, nats`,
    ours: ours.toFixed(2),
    peer:
      theirs === undefined ? peer.name : `PyTorch, its own random numbers: ${theirs.toFixed(2)}`,
    target: `>= ${target}`,
    pass: whole && !quick ? ours >= target : undefined,
    note: whole ? undefined : `trained on the embedded images only; ${installData}`,
  };
  return [row];
}
