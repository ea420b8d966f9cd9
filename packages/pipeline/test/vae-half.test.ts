import { readSafetensors } from "@gen/data";
import {
  add,
  constant,
  type Expr,
  elementCount,
  matmul,
  reshape,
  type Tensor,
  tensor,
  transpose,
  upsampleNearest,
} from "@gen/graph";
import { fileOf } from "@gen/graph/onnx";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { afterAll, describe, expect, test } from "vitest";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { readJson } from "../src/folder-files.ts";
import { loadVae } from "../src/load-vae.ts";
import { spans } from "../src/vae/tiles.ts";
import { type VaeUse, vaeHalf } from "../src/vae/vae-half.ts";

const opened = onnxBackend({ provider: "cpu" });
afterAll(async () => (await opened).close());

/** The VAE of a fixture; one that is kept whole is a file that ONNX Runtime opens as it is. */
async function vaeOf(name: string, isWhole = false) {
  const { read } = modelFolder(name);
  const json = (path: string) => readJson(read, path);
  const open = async (path: string) => {
    const bytes = await read(path);
    return bytes && fileOf(bytes);
  };
  const options = isWhole ? { open, wholeAbove: 0 } : {};
  const loaded = await loadVae({ read, json, options, isAlone: false }, {});
  if (!loaded) throw new Error(`${name} has no VAE`);
  return loaded.vae;
}

/** The halves of a VAE. */
const halvesOf = ({ decode, encode }: Awaited<ReturnType<typeof vaeOf>>) => ({
  up: (x: Expr) => ({ x: decode(x) }),
  down: (x: Expr) => ({ ...encode?.(x) }),
});

/** What the VAE of a fixture is run with, what is noted, and the largest value of its programs. */
async function useOf(name: string, isWhole = false) {
  const notes: string[] = [];
  const sizes: number[] = [];
  const backend = await opened;
  const compile: typeof backend.compile = (graph, options) => {
    sizes.push(...graph.nodes.map(({ shape }) => elementCount(shape) as number));
    return backend.compile(graph, options);
  };
  const watched = Object.assign(Object.create(backend) as typeof backend, { compile });
  const note = (text: string) => notes.push(text);
  const halves = halvesOf(await vaeOf(name, isWhole));
  const graphs = async () => halvesOf(await vaeOf(name));
  return {
    use: { backend: watched, halves, graphs, note },
    notes,
    largest: () => sizes.splice(0).reduce((a, b) => Math.max(a, b), 0),
  };
}

async function run(
  { halves, graphs, note, ...use }: Awaited<ReturnType<typeof useOf>>["use"] & Options,
  direction: "up" | "down",
  x: Float32Array,
  shape: number[],
) {
  const asGraph = async () => (await graphs())[direction];
  const half = vaeHalf({ ...use, half: halves[direction], asGraph }, direction);
  try {
    return await half.run(x, shape, { note });
  } finally {
    await half.dispose();
  }
}

type Options = Pick<VaeUse<unknown>, "tile" | "upcast">;

const far = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a).toHaveLength(b.length);
  return Array.from(a, (value, i) => Math.abs(value - b[i])).reduce((x, y) => Math.max(x, y), 0);
};

/** Numbers of order 1 that differ from place to place in their mean and their spread. */
const waves = (length: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * i * 0.37) * (1 + Math.sin(i / 90)));

const goldens = (name: string) =>
  readSafetensors(modelFolder(name).tensors()).tensors as unknown as Record<string, Tensor>;

test("windows are of one size, and their inner parts cover a side", () => {
  for (const [length, tile, halo] of [
    [24, 8, 5],
    [17, 4, 5],
    [6, 8, 5],
    [31, 7, 0],
  ]) {
    const found = spans(length, tile, halo);
    expect(new Set(found.map(({ size }) => size)).size).toBe(1);
    expect(found.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)))
      // Every place once, in order.
      .toEqual(Array.from({ length }, (_, i) => i));
    for (const { start, size, from, to } of found) {
      expect(start).toBeLessThanOrEqual(Math.max(0, from - halo));
      expect(start + size).toBeGreaterThanOrEqual(Math.min(length, to + halo));
      expect(start + size).toBeLessThanOrEqual(length);
    }
  }
});

describe("tiles of a VAE have the pictures of the whole, and take less memory", () => {
  // diffusers' tiles of the same VAE differ from the whole by 178 of 255 levels.
  test.each([
    ["sd1", 1e-3],
    ["sd1-fp16", 1e-2],
    ["tiny-decoder", 1e-6],
  ])("%s", async (name, within) => {
    const { use, notes, largest } = await useOf(name);
    const shape = [1, 4, 17, 8];
    const z = waves(4 * 17 * 8);
    const whole = (await run(use, "up", z, shape)).x;
    expect(whole.shape).toEqual([1, 3, 136, 64]);
    const atOnce = largest();
    const tiled = (await run({ ...use, tile: 6 }, "up", z, shape)).x;
    expect(far(tiled.data, whole.data)).toBeLessThan(Math.max(1 / 255, within));
    expect(largest()).toBeLessThan(atOnce);

    const image = whole.data.map((value) => Math.min(1, Math.max(-1, value)));
    const latents = await run(use, "down", image, whole.shape as number[]);
    const parts = await run({ ...use, tile: 6 }, "down", image, whole.shape as number[]);
    for (const output of ["mean", "logVariance"]) {
      expect(parts[output].shape).toEqual([1, 4, 17, 8]);
      expect(far(parts[output].data, latents[output].data)).toBeLessThan(within);
    }
    expect(notes).toEqual([]);
  });
});

describe("a decoder that tiles would change", () => {
  const tiled = async (half: (x: Expr) => Expr) => {
    const use = { backend: await opened, half: (x: Expr) => ({ x: half(x) }), tile: 2 };
    return vaeHalf(use, "up").run(waves(256), [1, 4, 8, 8], { note: () => undefined });
  };
  const refused = /^tileSize must be left out for this VAE: its network /;

  test.each<[string, (x: Expr) => Expr, RegExp]>([
    [
      "shuffles pixels",
      (x) => reshape(transpose(reshape(x, [2, 2, 8, 8]), [2, 0, 3, 1]), [1, 1, 16, 16]),
      /changes its resolution in a way that is not known$/,
    ],
    [
      "has a product of all pixels",
      (x) => matmul(upsampleNearest(x), upsampleNearest(x)),
      /has MatMul above the latents' resolution$/,
    ],
    [
      "adds an image of its own",
      (x) => add(upsampleNearest(x), constant(tensor(Array(256).fill(1), [16, 16]))),
      /has Add above the latents' resolution$/,
    ],
  ])("%s: refused", async (_, half, message) => {
    await expect(tiled(half)).rejects.toThrow(refused);
    await expect(tiled(half)).rejects.toThrow(message);
  });
});

test("several pictures are run one by one", async () => {
  const { use } = await useOf("sd1");
  const z = waves(3 * 4 * 8 * 8);
  const { x } = await run(use, "up", z, [3, 4, 8, 8]);
  expect(x.shape).toEqual([3, 3, 64, 64]);
  const size = x.data.length / 3;
  for (const i of [0, 1, 2]) {
    const one = await run(use, "up", z.slice(i * 256, (i + 1) * 256), [1, 4, 8, 8]);
    expect(far(one.x.data, x.data.subarray(i * size, (i + 1) * size))).toBeLessThan(1e-5);
  }
});

describe("a VAE that overflows in float16", () => {
  test("has PyTorch's float32 pictures", async () => {
    const { z, decoded, image, moments } = goldens("half-overflow");
    // The runtime computes in float16 what it is given whole.
    const { use, notes } = await useOf("half-overflow", true);
    const { x } = await run(use, "up", z.data as Float32Array, [1, 4, 8, 8]);
    expect(far(x.data, decoded.data as Float32Array)).toBeLessThan(1 / 255);
    expect(notes).toEqual([expect.stringMatching(/^the VAE's decoder gives .* in float32$/)]);
    const { mean } = await run(use, "down", image.data as Float32Array, [1, 3, 64, 64]);
    const wanted = Float32Array.from(moments.data.subarray(0, 256) as Float32Array);
    expect(
      far(
        mean.data.map((v) => v / 0.18215),
        wanted,
      ),
    ).toBeLessThan(1e-3);
    expect(notes[1]).toMatch(/^the VAE's encoder gives /);
  });

  test("runs in float32 from the start where that is wanted", async () => {
    const { z, decoded } = goldens("half-overflow");
    const { use, notes } = await useOf("half-overflow", true);
    const { x } = await run({ ...use, upcast: true }, "up", z.data as Float32Array, [1, 4, 8, 8]);
    expect(far(x.data, decoded.data as Float32Array)).toBeLessThan(1 / 255);
    expect(notes).toEqual([]);
  });
});

test("numbers that are not finite in float32 are an error", async () => {
  const { use } = await useOf("sd1");
  const z = new Float32Array(256).fill(Number.NaN);
  await expect(run(use, "up", z, [1, 4, 8, 8])).rejects.toThrow(
    /^the VAE's decoder gives NaN .*check its weights$/,
  );
});

test("a tiny autoencoder has PyTorch's latents and pictures", async () => {
  const { latents, decoded } = goldens("tiny-decoder");
  const { use } = await useOf("tiny-decoder");
  const { x } = await run(use, "up", latents.data as Float32Array, [1, 4, 8, 8]);
  expect(far(x.data, decoded.data as Float32Array)).toBeLessThan(1e-4);
  const image = Float32Array.from({ length: 3 * 64 * 64 }, (_, i) =>
    Math.sin(-1 + (2 * i) / (3 * 64 * 64 - 1)),
  );
  const { mean, logVariance } = await run(use, "down", image, [1, 3, 64, 64]);
  expect(far(mean.data, latents.data as Float32Array)).toBeLessThan(1e-4);
  expect(new Set(logVariance.data)).toEqual(new Set([-30]));
});
