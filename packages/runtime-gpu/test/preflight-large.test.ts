// UNets of Stable Diffusion's layout, by their headers alone: a file of their size that is empty.
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Graph, trace } from "@gen/graph";
import { fileOf, wholeModel } from "@gen/graph/onnx";
import { afterAll, describe, expect, it } from "vitest";
import { capabilities, preflight } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "gen-large-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The guided pass of a UNet at `size` x `size` latents; its weights are a hole of the disk. */
async function unet(name: string, weights: number, size: number): Promise<Graph> {
  const headers = new URL(`reference/unet-${name}.onnx.gz`, import.meta.url);
  const path = join(folder, name);
  const hole = openSync(path, "w+");
  ftruncateSync(hole, weights);
  let count = 0;
  const read = async (offset: number, length: number) => {
    const part = new Uint8Array(length);
    count += readSync(hole, part, 0, length, offset);
    return part;
  };
  const bytes = new Uint8Array(gunzipSync(readFileSync(headers)));
  const model = await wholeModel({
    ...fileOf(bytes),
    beside: async () => ({ path, size: weights, read }),
  });
  closeSync(hole);
  expect(model.bytes).toBe(bytes.length + weights);
  // Biases: tensors of at most 16 KiB may be shapes.
  expect(count).toBeLessThan(weights / 500);
  const dtype = name.endsWith("fp16") ? "float16" : "float32";
  return trace(
    ({ x, t, none, text }) => {
      const pass = (encoder_hidden_states: typeof x) =>
        model.apply({ sample: x, timestep: t, encoder_hidden_states }).out_sample;
      return { none: pass(none), text: pass(text) };
    },
    {
      x: { shape: [1, 4, size, size], dtype },
      t: { shape: [1], dtype: "int64" },
      none: { shape: [1, 77, 768], dtype },
      text: { shape: [1, 77, 768], dtype },
    },
  );
}

const wasm = await capabilities("onnx/wasm");
const native = await capabilities("onnx/node-cpu");

describe("preflight of a UNet", () => {
  // Weights of float16 take twice their file: 4.35 GB were measured in onnxruntime-node 1.30 after
  // loading, and 6.6 GB at most (docs/decisions/0031).
  it("of 860 M parameters in float16 counts float32 weights, which WebAssembly cannot hold", async () => {
    const graph = await unet("sd15-fp16", 1_718_649_600, 32);
    const { fits, obstacles, notes, parameterBytes, runBytes } = preflight(graph, wasm);
    expect(parameterBytes / 1_718_649_600).toBeCloseTo(2, 2);
    expect(runBytes).toBeLessThan(0.5e9);
    expect([fits, obstacles.map(({ limit }) => limit)]).toEqual([false, ["maxMemory"]]);
    expect(obstacles[0].needed).toBeGreaterThan(5e9);
    expect(obstacles[0].needed).toBeLessThan(6.6e9);
    expect(obstacles[0].allowed).toBe(2 ** 32);
    expect(notes).toContain("onnx/wasm holds float16 as float32");
    expect(preflight(graph, native).fits).toBe(true);
  });

  it("of 860 M parameters in float32 is beyond WebAssembly at 64x64 latents", async () => {
    const graph = await unet("sd15-fp32", 3_437_361_920, 64);
    const { obstacles, parameterBytes, runBytes } = preflight(graph, wasm);
    expect(parameterBytes / 3_437_361_920).toBeCloseTo(1, 3);
    // The largest: two arrays of 8 heads' 4096 x 4096 scores, of the peak of 4.7 GB that was measured.
    expect(runBytes).toBeGreaterThan(2 * 8 * 4096 ** 2 * 4);
    expect(parameterBytes + runBytes).toBeLessThan(1.15 * 4.74e9);
    expect(obstacles.map(({ limit }) => limit)).toEqual(["maxMemory"]);
    expect(preflight(graph, native).fits).toBe(true);
  });

  it("of 220 M parameters in float32 fits WebAssembly", async () => {
    for (const size of [32, 64]) {
      const graph = await unet("half-fp32", 878_764_800, size);
      expect(preflight(graph, wasm)).toMatchObject({ fits: true, obstacles: [] });
    }
  });

  it("says which backends cannot run a model that is kept whole", async () => {
    const graph = await unet("half-fp32", 878_764_800, 32);
    const { obstacles } = preflight(graph, await capabilities("tfjs/wasm"));
    expect(obstacles[0].message).toMatch(/^tfjs\/wasm cannot run a model that is kept whole/);
  });
});
