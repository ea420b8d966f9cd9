import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { costOf, floorText } from "../floor.mjs";
import { alternate, median } from "../measure.mjs";
import { withPages } from "../pages.mjs";
import { slowConvolution } from "../peers/jax-unet.mjs";
import { speedRow, tunedText } from "../results.mjs";
import { batchGraph, benchUnet, outputOn, requireSame } from "../unet.mjs";

const batch = 16;

export const title = "DDIM step of the UNet in a page, headless Chromium";
export const versions = ["onnxruntime-web", "@jax-js/jax"];

export const measure = () =>
  withPages({ title, target: ">= 2x as fast" }, async ({ open, version }) => {
    const network = benchUnet();
    const node = await onnxBackend({ device: "cpu", threads: 2 });
    const output = await outputOn(node, network, batch);
    await node.close();
    const pages = {};
    for (const [name, path] of [["ours"], ["tfjs"], ["tuned", "tfjs?tuned"], ["jax"]]) {
      pages[name] = await open(path ?? name);
      requireSame(`the page ${name}`, await pages[name].ask("output", batch), output);
    }
    const rates = await pages.ours.ask("rates");
    const sides = Object.fromEntries(
      Object.entries(pages).map(([name, { ask }]) => [
        name,
        (count) => ask("sample", batch, count),
      ]),
    );
    const blocks = await alternate(sides, { rounds: 5, count: 3, warmUp: 1, settle: 12 });
    const floor = floorText(costOf(batchGraph(network, batch)), rates, median(blocks.ours.flat()));
    const row = (peer, beside, name, note) =>
      speedRow({
        work: `DDIM step of the UNet, batch ${batch}: onnxruntime-web WASM, 2 threads, beside ${beside}`,
        ours: blocks.ours,
        peer: blocks[peer],
        name,
        target: 2,
        note: `${version}; ${note}`,
      });
    return [
      row(
        "tfjs",
        "tfjs",
        await pages.tfjs.ask("name"),
        `tfjs takes half of the cores at most; ${tunedText(blocks)}; ${floor}`,
      ),
      row("jax", "jax-js", "jax-js wasm, by hand, one jit, all threads", slowConvolution),
    ];
  });
