import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { readNpy, readSafetensors, writeNpy } from "@gen/data";
import { loadPipeline } from "@gen/pipeline";
import { describe, expect, test } from "vitest";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { sampleCommand } from "../src/commands/sample.ts";
import { conditionsOf, readConditions, sampleCount } from "../src/conditions.ts";
import { expectRefusal, runJson, scratch } from "./gen.ts";

const { at } = scratch();
const dit = modelFolder("dit").write(at("dit"));
const classes = modelFolder("ddpm-classes").write(at("classes"));
// Without its VAE a folder gives latents.
const sd1 = modelFolder("sd1").write(at("sd1"));
rmSync(`${sd1}/vae_decoder`, { recursive: true });
const tensors = (name: string) => readSafetensors(modelFolder(name).tensors()).tensors;
const numbers = ({ data }: { readonly data: ArrayLike<number | bigint> }) =>
  Float32Array.from(data as ArrayLike<number>, Number);

/** Writes an array, and gives its path. */
function npy(name: string, data: Float32Array | BigInt64Array, shape: readonly number[]): string {
  writeFileSync(at(name), writeNpy({ data, shape }));
  return at(name);
}

let files = 0;

/** Samples a folder into an array. */
async function samples(...args: string[]) {
  const out = at(`${files++}.npy`);
  const report = await runJson("sample", ...args, "--out", out);
  return { report, ...readNpy(readFileSync(out)) };
}

/** The largest distance from the last latents of a run of diffusers, over their largest number. */
function distance(found: { readonly data: ArrayLike<number | bigint> }, latents: Float32Array) {
  const x = numbers(found);
  const wanted = latents.subarray(latents.length - x.length);
  const largest = Math.max(...latents.map(Math.abs));
  return Math.max(...x.map((v, i) => Math.abs(v - wanted[i]))) / largest;
}

const none = npy("none.npy", BigInt64Array.of(10n), [1]);
const t = tensors("sd1");
const states = npy("states.npy", numbers(t.prompt), t.prompt.shape);
const other = npy("other.npy", numbers(t.other), t.other.shape);

describe.concurrent("gen sample ends where diffusers does, with", () => {
  test("a class, guided away from DiT's label that means none by DiT's scale", async () => {
    const { report, ...found } = await samples(
      ..."--class 3 --count 1 --steps 5 --torch-seed 0 --model".split(" "),
      dit,
    );
    expect(report).toMatchObject({ class: ["3"], guidance: 4, shape: [1, 4, 8, 8] });
    expect(distance(found, numbers(tensors("dit")["ddim.latents"]))).toBeLessThan(1e-3);
  });

  test("a UNet's classes, guided away from a label that is given", async () => {
    const { report, ...found } = await samples(
      ..."--class 3,7 --count 1 --steps 4 --torch-seed 0 --guidance 2.5 --unconditional".split(" "),
      `class_labels=${none}`,
      "--model",
      classes,
    );
    expect(report).toMatchObject({ class: ["3", "7"], guidance: 2.5, shape: [2, 3, 8, 8] });
    expect(distance(found, numbers(tensors("ddpm-classes")["guided.latents"]))).toBeLessThan(1e-3);
  });

  test("a prompt's states, guided away from those of another", async () => {
    const found = await samples(
      ..."--count 1 --steps 6 --torch-seed 0 --guidance 5 --model".split(" "),
      sd1,
      "--condition",
      `encoder_hidden_states=${states}`,
      "--unconditional",
      `encoder_hidden_states=${other}`,
    );
    expect(distance(found, numbers(t["pndm.latents"]))).toBeLessThan(1e-3);
  });
});

test("each class has --count samples, in order, and labels may have names or come from a file", async () => {
  const noise = Float32Array.from({ length: 4 * 256 }, (_, i) => Math.sin(i * i));
  const init = npy("init.npy", noise, [4, 4, 8, 8]);
  const common = ["--model", dit, "--steps", "2", "--guidance", "1"];
  const both = await samples(...common, "--class", "3", "--class", "7", "--init", init);
  expect(both.report).not.toHaveProperty("guidance");
  const labels = npy("labels.npy", BigInt64Array.of(3n, 3n, 7n, 7n), [4]);
  const listed = await samples(...common, "--condition", `class_labels=${labels}`, "--init", init);
  expect(listed.data).toEqual(both.data);
  const index = JSON.parse(readFileSync(`${dit}/model_index.json`, "utf8"));
  const id2label = { 3: "white shark, man-eater", 7: "cock" };
  writeFileSync(`${dit}/model_index.json`, JSON.stringify({ ...index, id2label }));
  const names = ["--class", "man-eater", "--class", "cock"];
  const named = await samples(...common, ...names, "--count", "2", "--init", init);
  expect(named.data).toEqual(both.data);
  const alone = await samples(...common, "--class", "7", "--init", init);
  const half = both.data.length / 2;
  expect(numbers(alone).slice(half)).toEqual(numbers(both).slice(half));
  expect(numbers(alone).slice(0, half)).not.toEqual(numbers(both).slice(0, half));
});

test.each([
  ["no class", ["--model", dit], /--model .*: pass --class with a number of 0 to 999$/m],
  [
    "no prompt",
    ["--model", sd1],
    /needs a prompt: gen generate "a red fox" --model .*; or pass --condition encoder_hidden_states=file\.npy \[1 or 16, sequence_length, 32\]/,
  ],
])("%s is refused", (_, args, message) =>
  expectRefusal(["sample", ...args, "--out", at("refused.npy")], message),
);

const labels = (...values: bigint[]) =>
  `${npy(`labels-${values}.npy`, BigInt64Array.from(values), [values.length])}`;
const floats = npy("floats.npy", Float32Array.of(3), [1]);
const refused: [name: string, model: string, flags: string[], message: RegExp][] = [
  ["an unknown class", "dit", ["--class", "1000"], /a number of 0 to 999 or a name, got 1000/],
  ["a class and no classes", "ddpm", ["--class", "1"], /the model has no classes/],
  ["an empty class", "dit", ["--class", "1,,2"], /numbers of classes, such as 3,7/],
  [
    "labels beside a class",
    "dit",
    ["--class", "1", "--condition", `class_labels=${none}`],
    /--condition class_labels must be left out where --class is given/,
  ],
  [
    "guidance without conditions",
    "ddpm",
    ["--guidance", "2"],
    /--guidance must be left out: the model has no conditions/,
  ],
  [
    "guidance without what means none",
    "ddpm-classes",
    ["--class", "1", "--guidance", "2"],
    /--guidance 2 needs what means none: pass --unconditional class_labels=file\.npy/,
  ],
  [
    "what means none without guidance",
    "ddpm-classes",
    ["--class", "1", "--unconditional", `class_labels=${none}`],
    /--unconditional must be left out without --guidance above 1/,
  ],
  [
    "an unknown condition",
    "dit",
    ["--condition", `context=${none}`],
    /must name a condition of the model, one of class_labels, got context/,
  ],
  [
    "a condition of another shape",
    "dit",
    ["--count", "3", "--condition", `class_labels=${states}`],
    /class_labels must be \[1 or 3\], got \[1, 77, 32\]/,
  ],
  [
    "a condition of another type",
    "dit",
    ["--condition", `class_labels=${floats}`],
    /class_labels must hold whole numbers of an integer type, got float32/,
  ],
  [
    "a condition that is no file",
    "dit",
    ["--condition", "class_labels=nowhere.npy"],
    /--condition class_labels: nowhere\.npy: no such file/,
  ],
  ["a condition without a name", "dit", ["--condition", "states.npy"], /as context=states\.npy/],
  [
    "a condition that is given twice",
    "dit",
    ["--condition", "a=b", "--condition", "a=c"],
    /a is given twice/,
  ],
  [
    "another count than the labels'",
    "dit",
    ["--count", "3", "--condition", `class_labels=${labels(1n, 2n)}`],
    /--count must be 2, as many as --condition has, got 3/,
  ],
  [
    "classes that do not divide the samples",
    "dit",
    ["--class", "1,2,3", "--condition", `class_labels=${labels(1n, 2n)}`],
    /--class must list a divisor of the 2 samples of --condition, got 3 classes/,
  ],
  ["too many labels", "dit", ["--class", "1", "--count", "1e9"], /--count must be at most 1048576/],
];

test.each(refused)("%s is refused", async (_, name, args, message) => {
  const work = async () => {
    const command = sampleCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    const flags = command.parseOptions(args) && command.opts();
    const arrays = await readConditions(flags);
    const count = sampleCount(flags, arrays, undefined);
    const pipeline = await loadPipeline(modelFolder(name).read);
    return conditionsOf(flags, arrays, pipeline, { count, model: name });
  };
  await expect(work()).rejects.toThrow(message);
});
