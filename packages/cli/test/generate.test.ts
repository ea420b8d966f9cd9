import { readFileSync, writeFileSync } from "node:fs";
import { readNpy, readPng, readPngSettings, writePng } from "@gen/data";
import { expect, test } from "vitest";
import { goldenRuns, modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { expectRefusal, gen, interruptGen, runJson, scratch } from "./gen.ts";
import { distance } from "./golden-pictures.ts";

const { at, files } = scratch();
const sd1 = modelFolder("sd1").write(at("sd1"));
const [run] = goldenRuns("sd1", "prompts").cases;
const png = (path: string) => readPng(readFileSync(path));

test("the picture is that of diffusers for the same torch seed, and is made again from itself", async () => {
  const out = at("fox.png");
  const report = await runJson(
    ..."generate --model".split(" "),
    sd1,
    String(run.prompt),
    "--negative",
    String(run.negative_prompt),
    ..."--steps 6 --torch-seed 3 --out".split(" "),
    out,
  );
  const settings = {
    prompt: run.prompt,
    negativePrompt: run.negative_prompt,
    steps: 6,
    guidance: 7.5,
    torchSeed: 3,
    size: [64, 64],
    model: sd1,
  };
  expect(report).toMatchObject({ ...settings, shape: [1, 3, 64, 64], backend: "onnx/node-cpu" });
  expect(readPngSettings(readFileSync(out))).toEqual(settings);
  expect(distance(out, goldenRuns("sd1", "prompts").tensors, "default")).toBeLessThanOrEqual(2);

  const again = at("again.png");
  await runJson("generate", "--like", out, "--out", again);
  expect(readFileSync(again)).toEqual(readFileSync(out));
  const other = await runJson("generate", "--like", out, "--seed", "4", "--out", at("other.png"));
  const { torchSeed: _, ...seedless } = settings;
  expect(other).toMatchObject({ ...seedless, seed: 4 });
  expect(other).not.toHaveProperty("torchSeed");
  expect(png(at("other.png")).data).not.toEqual(png(out).data);
});

test("several prompts make a folder, with width before height", async () => {
  const flags = "--count 2 --steps 1 --size 96x64 --guidance 1 --sampler ddim --out".split(" ");
  const report = await runJson("generate", "a fox", "a dog", "--model", sd1, ...flags, at("all"));
  expect(report).toMatchObject({ shape: [4, 3, 64, 96], size: [96, 64], seed: 0, guidance: 1 });
  expect(files("all")).toEqual([
    "0000.png",
    "0001.png",
    "0002.png",
    "0003.png",
    "samples.npy",
    "sheet.png",
  ]);
  expect(readNpy(readFileSync(at("all", "samples.npy"))).shape).toEqual([4, 3, 64, 96]);
  expect(png(at("all", "0003.png"))).toMatchObject({ width: 96, height: 64 });
  const { prompt, count } = readPngSettings(readFileSync(at("all", "0003.png"))) ?? {};
  expect([prompt, count]).toEqual([["a fox", "a dog"], 2]);
});

test("notes and progress are on stderr", async () => {
  const long = "a dog ".repeat(60);
  const args = ["generate", long, "--model", sd1, "--steps", "2", "--out", at("long.npy")];
  const { code, stdout, stderr } = await gen(args);
  expect([code, stdout]).toEqual([0, `1 picture is in ${at("long.npy")}\n`]);
  expect(stderr).toMatch(/^note: the prompt has 242 tokens .* was cut off$/m);
  expect(stderr).toMatch(/^Generating on onnx\/node-cpu {2}.*3 steps$/m);
});

test("Ctrl-C ends a run and writes nothing", async () => {
  const args = ["generate", "a fox", "--model", sd1, "--steps", "1000", "--out", at("none.png")];
  const { code, stderr } = await interruptGen(args, /Generating/);
  expect(code).toBe(130);
  expect(stderr).toMatch(/interrupted before the pictures were done; nothing was written/);
  expect(files()).not.toContain("none.png");
});

const plain = at("plain.png");
const raster = { width: 1, height: 1, channels: 1 as const, data: new Uint8Array(1) };
writeFileSync(plain, writePng(raster));
const foreign = at("foreign.png");
writeFileSync(foreign, writePng(raster, { settings: { prompt: "a", sampler: "Euler a" } }));
const online = at("online.png");
const settings = { prompt: "a", model: "https://example.com/model" };
writeFileSync(online, writePng(raster, { settings }));
const wrong = at("wrong.png");
writeFileSync(wrong, writePng(raster, { settings: { prompt: "a", size: 5, model: sd1 } }));

test.each([
  [[], /needs a prompt, such as: gen generate "a red fox"/],
  [["a"], /--model must be given: a folder of a text-to-image model/],
  [["a", "--model", at("nowhere")], /--model .*nowhere must be a folder/],
  [["a", "--model", sd1, "--size", "70"], /size must be multiples of 16 .*take 64 x 64 or 80 x 80/],
  [["a", "--model", sd1, "--size", "64x"], /a width, or a width and a height, such as 64x48/],
  [["a", "--model", sd1, "--guidance", "-1"], /'--guidance <x>' .*number in \[0, 1000\]/],
  [["a", "--model", sd1, "--seed", "1", "--torch-seed", "1"], /takes the place of --seed/],
  [["a", "--model", sd1, "--torch-device", "cuda"], /must be left out without --torch-seed/],
  [["a", "--model", sd1, "--clip-skip", "3"], /clipSkip must be at most 2/],
  [["--like", at("nowhere.png")], /--like .*no such file/],
  [["--like", sd1], /is not a file/],
  [["--like", plain], /the picture has no settings/],
  [["--like", foreign], /pass the picture's model as --model/],
  [["--like", wrong], /--like .*wrong\.png: size must be a list of positive integers, got 5/],
  [["--like", online], /pass the picture's model as --model https:\/\/example.com\/model/],
] as const)("%j is refused", (args, message) =>
  expectRefusal(["generate", ...args, "--out", at("refused.png")], message),
);

test("a folder without a text encoder says what to use, and gen sample sends prompts here", async () => {
  const ddpm = modelFolder("ddpm").write(at("ddpm"));
  await expectRefusal(
    ["generate", "a", "--model", ddpm, "--out", at("no.png")],
    /--model .*has no text encoder: use generate, or gen sample/,
  );
  await expectRefusal(
    ["sample", "--model", sd1, "--out", at("no.png")],
    /--model .* needs a prompt: gen generate "a red fox" --model/,
  );
});
