import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readPng, writePng } from "@gen/data";
import { loadPipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate } from "@gen/sampling";
import { expect, it } from "vitest";

const docs = join(import.meta.dirname, "..");
const folder = join(docs, "..", "demo", "public", "assets", "models-1", "latent");
const picture = join(docs, "public", "guide", "guidance-rows.png");

const scales = [0, 1, 2, 4, 8];
const side = 28;
const cell = 30;
const zoom = 2;
const width = 10 * cell * zoom;

/** Samples of classes at one scale, dark on white, as bytes of [count, 28, 28]. */
async function samples(classes: readonly number[], guidance: number): Promise<Uint8Array> {
  const read = async (path: string) => readFileSync(join(folder, path));
  const pipeline = await loadPipeline((path) => read(path).catch(() => undefined));
  const backend = await onnxBackend();
  const condition = [...classes];
  const count = classes.length;
  const options = { backend, count, condition, guidance, sampler: "ddim", steps: 20, seed: 3 };
  const { x } = await generate(pipeline, options as Parameters<typeof generate>[1]);
  await backend.close();
  return Uint8Array.from(x, (v) => 255 - Math.round(127.5 * (Math.min(1, Math.max(-1, v)) + 1)));
}

/** The index in the sheet of pixel (x, y) of a sample. */
const place = (row: number, column: number, x: number, y: number) =>
  (row * cell + 1 + y) * zoom * width + (column * cell + 1 + x) * zoom;

it("the page's rows of guidance are samples of the demo's model", async () => {
  if (process.env.GEN_WRITE_PICTURES) {
    const data = new Uint8Array(scales.length * cell * zoom * width).fill(255);
    for (const [row, scale] of scales.entries()) {
      const bytes = await samples([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], scale);
      for (const [i, value] of bytes.entries()) {
        const [column, p] = [Math.floor(i / side ** 2), i % side ** 2];
        const at = place(row, column, p % side, Math.floor(p / side));
        for (const step of [0, 1, width, width + 1]) data[at + step] = value;
      }
    }
    const height = scales.length * cell * zoom;
    writeFileSync(picture, writePng({ width, height, channels: 1, data }));
  }
  // The first class at the largest scale: a sample depends on its place among the samples.
  const shown = readPng(readFileSync(picture));
  expect([shown.width, shown.height, shown.channels]).toEqual([600, 300, 1]);
  const bytes = await samples([0], 8);
  const differences = Array.from(bytes, (value, p) =>
    Math.abs(value - shown.data[place(4, 0, p % side, Math.floor(p / side))]),
  );
  expect(Math.max(...differences)).toBeLessThanOrEqual(3);
});
