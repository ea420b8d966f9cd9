import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { costOf, floorText, ratesOn } from "../floor.mjs";
import { versionsOf } from "../machine.mjs";
import { alternate, median } from "../measure.mjs";
import { jaxThread } from "../peers/jax-thread.mjs";
import { slowConvolution } from "../peers/jax-unet.mjs";
import { tfjsUnet } from "../peers/tfjs-unet.mjs";
import { speedRow, tunedText } from "../results.mjs";
import {
  batchGraph,
  benchUnet,
  outputOn,
  probe,
  requireSame,
  samplingSteps,
  size,
  weightsOf,
} from "../unet.mjs";

const batch = 16;

export const title = "UNet 28x28, 1.1 M parameters: DDIM step in WebAssembly, in Node";
export const versions = ["onnxruntime-web"];

export async function measure() {
  const network = benchUnet();
  const weights = weightsOf(network);
  const backend = await onnxBackend({ device: "wasm", threads: 2 });
  const rates = await ratesOn(backend);
  const tfjs = await tfjsUnet(weights, size);
  const tuned = await tfjsUnet(weights, size, { tuned: true });
  const jax = jaxThread(weights, size);
  const output = await outputOn(backend, network, batch);
  const { x, t } = probe(batch);
  for (const [name, peer] of Object.entries({ tfjs, tuned, jax })) {
    requireSame(name, await peer.output(x, t), output);
  }
  const ours = await samplingSteps(backend, network, [batch, 1, size, size]);
  const peers = { tfjs: tfjs.sampler(batch), tuned: tuned.sampler(batch), jax: jax.sampler(batch) };
  const counts = { rounds: 5, count: 3, warmUp: 1, settle: 12 };
  const blocks = await alternate({ ours: ours.steps, ...peers }, counts);
  await ours.stop();
  await backend.close();
  await jax.stop();
  const floor = floorText(costOf(batchGraph(network, batch)), rates, median(blocks.ours.flat()));
  const row = (peer, beside, name, note) =>
    speedRow({
      work: `DDIM step, batch ${batch}: onnxruntime-web WASM in Node, 2 threads, beside ${beside}`,
      ours: blocks.ours,
      peer: blocks[peer],
      name,
      target: 2,
      note: `it has one thread in Node; ${note}`,
    });
  const [jaxName] = versionsOf(["@jax-js/jax"]);
  return [
    row("tfjs", "tfjs", tfjs.name, `${tunedText(blocks)}; ${floor}`),
    row("jax", "jax-js", `${jaxName} wasm, by hand, one jit`, slowConvolution),
  ];
}
