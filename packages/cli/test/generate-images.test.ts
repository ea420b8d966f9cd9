import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Raster, readPng, readPngSettings, writeNpy, writePng } from "@gen/data";
import type { JsonValue } from "@gen/math/json";
import { describe, expect, test } from "vitest";
import {
  goldenRuns,
  maskPattern,
  modelFolder,
  pattern,
} from "../../../tooling/fixtures/model-folder.ts";
import { readSources } from "../src/picture-files.ts";
import { expectRefusal, runJson, scratch } from "./gen.ts";
import { distance, sha256 } from "./golden-pictures.ts";

const { at } = scratch();
const sd1 = modelFolder("sd1").write(at("sd1"));
const inpainting = modelFolder("inpaint").write(at("inpainting"));
const image = at("image.npy");
writeFileSync(image, writeNpy(pattern([3, 64, 64])));
const mask = at("mask.png");
const white = Uint8Array.from(maskPattern([1, 1, 64, 64]).data, (v) => 255 * v);
writeFileSync(mask, writePng({ width: 64, height: 64, channels: 1, data: white }));
const prompt = "a red fox, (sitting) on 2 stones";

test("the picture of an image is that of diffusers, and is made again while the image is there", async () => {
  const out = at("of-image.png");
  const flags = "--negative blurry --strength 0.6 --steps 6 --torch-seed 3 --model".split(" ");
  const given = ["generate", prompt, "--image", image, ...flags, sd1];
  const report = await runJson(...given, "--out", out);
  expect(distance(out, goldenRuns("sd1", "images").tensors, "image")).toBeLessThanOrEqual(2);
  const kept = { path: image, sha256: sha256(image) };
  expect(report).toMatchObject({ image: kept, strength: 0.6, steps: 6 });
  expect(readPngSettings(readFileSync(out))).toEqual({
    prompt,
    negativePrompt: "blurry",
    steps: 6,
    torchSeed: 3,
    image: kept,
    strength: 0.6,
    model: sd1,
  });
  const again = at("of-image-again.png");
  await runJson("generate", "--like", out, "--out", again);
  expect(readFileSync(again)).toEqual(readFileSync(out));

  const moved = at("moved.npy");
  writeFileSync(moved, readFileSync(image));
  const copy = at("of-moved.png");
  await runJson(...given.map((word) => (word === image ? moved : word)), "--out", copy);
  writeFileSync(moved, writeNpy(pattern([3, 64, 96])));
  const like = ["generate", "--like", copy, "--out", at("none.png")];
  await expectRefusal(like, /--image .*moved\.npy is another file than .*pass it again as --image/);
  rmSync(moved);
  await expectRefusal(
    like,
    /--image .*moved\.npy: no such file; the picture of --like was made of/,
  );
  await runJson("generate", "--like", copy, "--image", image, "--out", at("found.png"));
  expect(readPng(readFileSync(at("found.png"))).data).toEqual(readPng(readFileSync(out)).data);
});

test("a part of an image is painted anew as by diffusers, by a folder for it and by another", async () => {
  const flags = ["generate", prompt, "--image", image, "--mask", mask, "--torch-seed", "0"];
  const out = at("inpainted.png");
  const more = "--negative blurry --steps 4 --out".split(" ");
  const report = await runJson(...flags, "--model", inpainting, ...more, out);
  expect(distance(out, goldenRuns("inpaint", "images").tensors, "inpaint")).toBeLessThanOrEqual(2);
  expect(report).toMatchObject({ guidance: 7.5, steps: 4, mask: { sha256: sha256(mask) } });
  const pasted = at("pasted.png");
  const five = "--negative blurry --steps 5 --out".split(" ");
  await runJson(...flags, "--model", sd1, ...five, pasted);
  expect(distance(pasted, goldenRuns("sd1", "images").tensors, "inpaint")).toBeLessThanOrEqual(2);
});

test("LoRAs are merged as by diffusers, and the picture keeps which", async () => {
  const runs = goldenRuns("sd1", "adapters");
  const paths = ["kohya", "peft"].map((name) => {
    writeFileSync(at(`${name}.safetensors`), runs.file(name));
    return at(`${name}.safetensors`);
  });
  const [first, second] = paths;
  const out = at("two.png");
  const flags = ["--lora", `${first}:0.5`, "--lora", `${second}:-0.7`, "--model", sd1];
  const more = "--steps 3 --torch-seed 0 --out".split(" ");
  const report = await runJson("generate", prompt, ...flags, ...more, out);
  expect(distance(out, runs.tensors, "two")).toBeLessThanOrEqual(2);
  expect(report.loras).toEqual([
    { path: first, sha256: sha256(first), strength: 0.5 },
    { path: second, sha256: sha256(second), strength: -0.7 },
  ]);
  await runJson("generate", "--like", out, "--out", at("two-again.png"));
  expect(readFileSync(at("two-again.png"))).toEqual(readFileSync(out));
});

const png = (name: string, raster: Raster) => {
  writeFileSync(at(name), writePng(raster));
  return at(name);
};
const npy = (name: string, data: Float32Array | Uint8Array, shape: number[]) => {
  writeFileSync(at(name), writeNpy({ data, shape }));
  return at(name);
};

describe("an image", () => {
  const colors = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 200, 100, 50);
  const colored = png("colors.png", { width: 4, height: 1, channels: 3, data: colors });

  test("is in [-1, 1] from bytes, with the channels first", async () => {
    const found = await readSources({ image: { path: colored } });
    const planes = [255, 0, 0, 200, 0, 255, 0, 100, 0, 0, 255, 50].map((v) => v / 127.5 - 1);
    expect(found.image).toEqual({ data: expect.any(Float32Array), shape: [3, 1, 4] });
    found.image?.data.forEach((v, i) => {
      expect(v).toBeCloseTo(planes[i], 6);
    });
    const bytes = npy("colors.npy", colors, [1, 4, 3]);
    expect((await readSources({ image: { path: bytes } })).image).toEqual(found.image);
    const grey = npy("grey.npy", Uint8Array.of(255, 51), [1, 2]);
    const { image } = await readSources({ image: { path: grey } });
    expect(Array.from(image?.data ?? [])).toEqual([1, 1, 1].flatMap(() => [1, Math.fround(-0.6)]));
  });

  test("that is a mask is Pillow's grey of its colors", async () => {
    const found = await readSources({ image: { path: colored }, mask: { path: colored } });
    // Image.convert("L") of Pillow 12.
    const grey = [76, 150, 29, 124].map((v) => Math.fround(v / 255));
    expect(found.mask).toEqual({ data: Float32Array.from(grey), shape: [1, 1, 4] });
  });

  const floats = (name: string, shape: number[], value = 0) =>
    npy(name, new Float32Array(shape.reduce((a, b) => a * b)).fill(value), shape);
  test.each([
    ["image", "nowhere.png", /--image .*nowhere\.png: no such file$/],
    ["image", at("sd1"), /--image .*sd1 is not a file/],
    ["image", `${sd1}/model_index.json`, /--image .* must be a PNG or an npy file/],
    [
      "image",
      floats("last.npy", [8, 8, 3]),
      /must be floats \[3, height, width\] or bytes \[height, width, 3\], got float32 \[8, 8, 3\]/,
    ],
    ["image", floats("bytes.npy", [3, 8, 8], 200), /must hold floats in \[-1, 1\], got 200/],
    ["mask", floats("low.npy", [1, 8, 8], -1), /--mask .* must hold floats in \[0, 1\], got -1/],
    [
      "mask",
      floats("rgb.npy", [3, 8, 8]),
      /must be floats \[1, height, width\] or bytes \[height, width\], got float32 \[3, 8, 8\]/,
    ],
    ["image", npy("none.npy", new Uint8Array(0), [0, 4, 3]), /got uint8 \[0, 4, 3\]/],
  ] as const)("%s %s is refused", (flag, path, message) =>
    expect(readSources({ [flag]: { path } })).rejects.toThrow(message),
  );
});

const odd = png("odd.png", { width: 70, height: 64, channels: 1, data: new Uint8Array(4480) });
const small = png("small.png", { width: 32, height: 32, channels: 1, data: new Uint8Array(1024) });
const raster = { width: 1, height: 1, channels: 1 as const, data: new Uint8Array(1) };
const stranger = (name: string, settings: Record<string, JsonValue>) => {
  writeFileSync(at(name), writePng(raster, { settings: { prompt: "a", ...settings } }));
  return ["--like", at(name), "--model", sd1];
};
test.each([
  [["--mask", mask, "--model", sd1], /--mask needs --image/],
  [["--strength", "0.5", "--model", sd1], /--strength must be left out without --image/],
  [["--image", image, "--size", "64", "--model", sd1], /--size must be left out with --image/],
  [
    ["--image", odd, "--model", sd1],
    /image's size must be multiples of 16 pixels, got 70 x 64; take 64 x 64 or 80 x 64/,
  ],
  [
    ["--image", image, "--mask", small, "--model", sd1],
    /mask must have the image's size, 64 x 64, got 32 x 32/,
  ],
  [["--lora", "nowhere.safetensors:0.8", "--model", sd1], /--lora nowhere\.safetensors: no such/],
  [["--lora", mask, "--model", sd1], /--lora .*mask\.png: /],
  [["--model", inpainting], /--model .* is for inpainting: pass --image and --mask/],
  [
    stranger("hash.png", { image: { path: image, sha256: "x" } }),
    /--like .*hash\.png: image\.sha256 must be a SHA-256, got x/,
  ],
  [
    stranger("no-hash.png", { loras: [{ path: image, strength: 1 }] }),
    /--like .*no-hash\.png: loras must be a list of { path, sha256, strength }/,
  ],
] as const)("%j is refused", (args, message) =>
  expectRefusal(["generate", "a fox", ...args, "--out", at("refused.png")], message),
);
