import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { costOf, floorText, withBackward } from "../floor.mjs";
import { alternate, median } from "../measure.mjs";
import { withPages } from "../pages.mjs";
import { channelsLast } from "../peers/unet.mjs";
import { speedRow, tunedText } from "../results.mjs";
import { batchGraph, benchUnet, gradientsOn, requireSame } from "../unet.mjs";

const [batch, probed] = [16, 2];

export const title = "Training step of the UNet in a page, headless Chromium";
export const versions = ["onnxruntime-web"];

export const measure = () =>
  withPages({ title, target: ">= 3x as fast" }, async ({ open, version }) => {
    const network = benchUnet();
    const node = await onnxBackend({ device: "cpu", threads: 2 });
    const gradients = channelsLast(await gradientsOn(node, network, probed));
    await node.close();
    const pages = {
      ours: await open("ours"),
      tfjs: await open("tfjs"),
      tuned: await open("tfjs?tuned"),
    };
    for (const name of ["tfjs", "tuned"]) {
      for (const [weight, values] of await pages[name].ask("gradients", probed)) {
        requireSame(`${name}'s gradient of ${weight}`, values, gradients[weight].data, 1e-3);
      }
    }
    const rates = await pages.ours.ask("rates");
    const sides = Object.fromEntries(
      Object.entries(pages).map(([name, { ask }]) => [name, (count) => ask("train", batch, count)]),
    );
    const blocks = await alternate(sides, { rounds: 3, count: 2, warmUp: 1 });
    const cost = withBackward(costOf(batchGraph(network, batch)));
    const row = speedRow({
      work: `training step of the UNet, batch ${batch}, Adam: onnxruntime-web WASM, 2 threads`,
      ours: blocks.ours,
      peer: blocks.tfjs,
      name: `${await pages.tfjs.ask("name")}, its own gradients`,
      target: 3,
      note: `${version}; its wasm backend has no gradient of a convolution's kernel, and is given one made of a convolution; ${tunedText(blocks)}; ${floorText(cost, rates, median(blocks.ours.flat()))}`,
    });
    return [row];
  });
