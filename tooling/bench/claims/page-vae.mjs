import { alternate } from "../measure.mjs";
import { withPages } from "../pages.mjs";
import { speedRow } from "../results.mjs";
import { requireSame } from "../unet.mjs";
import { batch } from "../vae-pixels.mjs";

export const title = "Training step of the VAE in a page, headless Chromium";
export const versions = ["onnxruntime-web"];

export const measure = () =>
  withPages({ title, target: ">= 2.5x as fast" }, async ({ open, version }) => {
    const [ours, tfjs] = [await open("vae-ours"), await open("vae-tfjs")];
    const [wanted, got] = [
      await tfjs.request("gradients", "own"),
      await tfjs.request("gradients", "byHand"),
    ];
    for (const [name, numbers] of Object.entries(wanted)) requireSame(name, got[name], numbers);
    const steps = (page, kind) => (count) => page.request("train", kind, count);
    const sides = {
      ten: steps(ours, 10),
      one: steps(ours, 1),
      own: steps(tfjs, "own"),
      byHand: steps(tfjs, "byHand"),
    };
    const blocks = await alternate(sides, { rounds: 6, count: 12, warmUp: 2 });
    const name = await tfjs.request("name");
    const row = (side, stepsPerRun, peer, how, target, note) =>
      speedRow({
        work: `training step, batch ${batch}, Adam, beside tfjs ${how}: onnxruntime-web WASM, 2 threads, stepsPerRun ${stepsPerRun}`,
        ours: blocks[side],
        peer: blocks[peer],
        name: `${name}, ${how}`,
        target,
        note,
      });
    const own = "with its own gradients";
    return [
      row("ten", 10, "own", own, 12, version),
      row("one", 1, "own", own, 8),
      row(
        "one",
        1,
        "byHand",
        "tuned by hand",
        2.5,
        "products with transposed copies, for which the backend has a fast path, bias and relu fused, gradients by hand, Adam assigned in place, everything in tidy",
      ),
    ];
  });
