import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate } from "../measure.mjs";
import { withPages } from "../pages.mjs";
import { speedRow } from "../results.mjs";
import { benchUnet, outputOn, requireSame } from "../unet.mjs";

const batch = 16;

export const title = "DDIM step of the UNet in a page, headless Chromium";
export const versions = ["onnxruntime-web"];

export const measure = () =>
  withPages({ title, target: ">= 2x as fast" }, async ({ open, version }) => {
    const node = await onnxBackend({ provider: "cpu", threads: 2 });
    const output = await outputOn(node, benchUnet(), batch);
    await node.close();
    const pages = { ours: await open("ours"), peer: await open("tfjs") };
    const sides = {};
    for (const [name, { request }] of Object.entries(pages)) {
      requireSame(`the page ${name}`, await request("output", batch), output);
      sides[name] = (count) => request("sample", batch, count);
    }
    const blocks = await alternate(sides, { rounds: 5, count: 3, warmUp: 1, settle: 12 });
    const row = speedRow({
      work: `DDIM step of the UNet, batch ${batch}: onnxruntime-web WASM, 2 threads`,
      ...blocks,
      name: await pages.peer.request("name"),
      target: 2,
      note: `${version}; tfjs uses at most half of the cores`,
    });
    return [row];
  });
