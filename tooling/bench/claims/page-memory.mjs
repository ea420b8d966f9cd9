import { largeFolder } from "../large-folder.mjs";
import { threeDigits } from "../measure.mjs";
import { withPages } from "../pages.mjs";

export const title = "Memory of a large model in a page, headless Chromium";
export const versions = ["onnxruntime-web"];
export const timed = false;

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

export async function measure({ quick }) {
  const { bytes, files } = largeFolder(quick ? 96 : 160);
  const pipeline = Object.fromEntries(
    Object.entries(files).map(([path, content]) => [`pipeline/${path}`, content]),
  );
  const target = "<= 1.1x the file while loading, 0.1x afterwards; <= 1.2x the wasm memory";
  return withPages({ title, target, pipeline }, async ({ open, version }) => {
    const visit = async (side) => {
      const page = await open("memory");
      const { result, peak, after } = await page.memoryOf(() =>
        page.request(side, quick ? 2 ** 24 : undefined),
      );
      if (!result) throw new Error(`${side} gave numbers that are not finite`);
      const wasm = await page.request("wasmBytes");
      await page.close();
      return { peak: peak / bytes, after: after / bytes, wasm };
    };
    const bare = await visit("bare");
    const row = (work, ours) => {
      const wasm = ours.wasm / bare.wasm;
      return {
        work: `${work}, ${megabytes(bytes)} of weights beside the model`,
        ours: `${threeDigits(ours.peak)}x the file, then ${threeDigits(ours.after)}x; wasm memory ${megabytes(ours.wasm)}`,
        peer: `onnxruntime-web with externalData: ${threeDigits(bare.peak)}x, then ${threeDigits(bare.after)}x; ${megabytes(bare.wasm)}`,
        ratio: `${threeDigits(wasm)}x the wasm memory`,
        target,
        pass: ours.peak <= 1.1 && ours.after <= 0.1 && wasm <= 1.2,
        note: `${version}; JavaScript's heap and its array buffers outside of wasm memory, asked for every 20 ms; two steps of a UNet of x [4, 16, 16]`,
      };
    };
    return [
      row("download, load and sample", await visit("ours")),
      row("load from the cache and sample", await visit("ours")),
    ];
  });
}
