import { alternate } from "../measure.mjs";
import { withPages } from "../pages.mjs";
import { speedRow } from "../results.mjs";
import { probe, requireSame } from "../unet.mjs";

const batch = 16;

export const title = "Training step of the UNet in a page, headless Chromium";
export const versions = ["onnxruntime-web"];

export const measure = () =>
  withPages({ title, target: ">= 2.5x as fast" }, async ({ open, version }) => {
    const pages = {
      ours: await open("ours"),
      own: await open("tfjs"),
      byHand: await open("tfjs-by-hand"),
    };
    await requireSameGradients(pages);
    const sides = Object.fromEntries(
      Object.entries(pages).map(([name, { request }]) => [
        name,
        (count) => request("train", batch, count),
      ]),
    );
    const blocks = await alternate(sides, { rounds: 3, count: 2, warmUp: 1 });
    const name = await pages.own.request("name");
    const row = (peer, how, target, note) =>
      speedRow({
        work: `training step of the UNet, batch ${batch}, Adam, beside tfjs ${how}: onnxruntime-web WASM, 2 threads`,
        ours: blocks.ours,
        peer: blocks[peer],
        name: `${name}, ${how}`,
        target,
        note,
      });
    return [
      row(
        "own",
        "with its own gradients",
        3,
        `${version}; tfjs's wasm backend lacks the gradient of a convolution's kernel, so the bench computes it as a convolution`,
      ),
      row(
        "byHand",
        "tuned by hand",
        2.5,
        "gradients of convolutions as convolutions, of group normalization and SiLU in few operations, Adam assigned in place, everything in tidy",
      ),
    ];
  });

/** Both peers compute the same gradients. */
async function requireSameGradients({ own, byHand }) {
  const { x, t } = probe(2);
  const gradientsOf = ({ request }) => request("gradients", [...x], t);
  const [wanted, got] = [await gradientsOf(own), await gradientsOf(byHand)];
  for (const [name, numbers] of Object.entries(wanted)) requireSame(name, got[name], numbers);
}
