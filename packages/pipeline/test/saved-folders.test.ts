import type { Signature, Tensor } from "@gen/graph";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { type DiffusionPipeline, generate } from "@gen/sampling";
import { afterAll, expect, test } from "vitest";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { loadPipeline, pipelineFiles } from "../src/index.ts";

const backend = onnxBackend({ provider: "cpu" });
afterAll(async () => (await backend).close());

/** Numbers for a condition: 5 tokens, and the sides of latents. */
function numbers(name: string, { shape: wanted, dtype = "float32" }: Signature): Tensor {
  const shape = wanted.map((d, i) => {
    if (i === 0) return 1;
    return typeof d === "number" ? d : name === "concat" ? 8 : 5;
  });
  const size = shape.reduce((a, b) => a * b, 1);
  return dtype === "int64"
    ? { data: new BigInt64Array(size).fill(3n), shape, dtype }
    : { data: Float32Array.from({ length: size }, (_, i) => Math.sin(i)), shape, dtype };
}

test.each([
  ["sd1", undefined],
  ["sd1-fp16", undefined],
  ["inpaint", undefined],
  ["sd3", undefined],
  ["flux", "even"],
  ["dit", undefined],
  ["ddpm", undefined],
])("%s samples alike when it is saved and loaded again", async (name, sigmas) => {
  const loaded = await loadPipeline(modelFolder(name).read);
  const files = pipelineFiles(loaded);
  const again = await loadPipeline(async (path) => files[path]);
  expect([loaded.sigmas, again.sigmas]).toEqual([sigmas, sigmas]);
  const conditions = Object.entries(loaded.denoiser.condition ?? {});
  const condition = Object.fromEntries(
    conditions.map(([key, signature]) => [key, numbers(key, signature)]),
  );
  const sampled = async (pipeline: DiffusionPipeline) =>
    (
      await generate(
        { ...pipeline, vae: undefined },
        { backend, steps: 3, ...(conditions.length > 0 && { condition }) },
      )
    ).x;
  const [x, y] = [await sampled(loaded), await sampled(again)];
  const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const far = x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0);
  expect(far / largest).toBeLessThan(1e-5);
});

test("other sigmas in our own index are refused", async () => {
  const files = pipelineFiles(await loadPipeline(modelFolder("ddpm").read));
  const index = JSON.stringify({ _gen: { version: 1, sigmas: "odd" } });
  files["model_index.json"] = new TextEncoder().encode(index);
  const loading = loadPipeline(async (path) => files[path]);
  await expect(loading).rejects.toThrow('_gen.sigmas must be "even", got "odd"');
});
