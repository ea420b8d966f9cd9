import { alternate } from "../measure.mjs";
import { withPages } from "../pages.mjs";
import { speedRow } from "../results.mjs";

const batch = 16;

export const title = "Training step of the UNet in a page, headless Chromium";
export const versions = ["onnxruntime-web"];

export const measure = () =>
  withPages({ title, target: ">= 3x as fast" }, async ({ open, version }) => {
    const pages = { ours: await open("ours"), peer: await open("tfjs") };
    const sides = Object.fromEntries(
      Object.entries(pages).map(([name, { request }]) => [
        name,
        (count) => request("train", batch, count),
      ]),
    );
    const blocks = await alternate(sides, { rounds: 3, count: 2, warmUp: 1 });
    const row = speedRow({
      work: `training step of the UNet, batch ${batch}, Adam: onnxruntime-web WASM, 2 threads`,
      ...blocks,
      name: `${await pages.peer.request("name")}, its own gradients`,
      target: 3,
      note: `${version}; tfjs's wasm backend lacks the gradient of a convolution's kernel, so the bench computes it as a convolution`,
    });
    return [row];
  });
