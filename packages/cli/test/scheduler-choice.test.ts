import { readFileSync, writeFileSync } from "node:fs";
import { readSafetensors, writePng } from "@gen/data";
import { openImageModel } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { afterAll, describe, expect, test } from "vitest";
import { pngChunk, pngFile, pngHeader } from "../../../tooling/fixtures/crafted-files.mjs";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { likePicture } from "../src/picture-flags.ts";
import { chooseScheduler, type SchedulerChoice } from "../src/scheduler-choice.ts";
import { fromWebUi } from "../src/web-ui-settings.ts";
import { scratch } from "./gen.ts";

const { at } = scratch();
const sd1 = modelFolder("sd1");
const golden = (name: string) =>
  readFileSync(
    new URL(`../../../tooling/fixtures/folders/sd1/golden.choices.${name}`, import.meta.url),
  );
const { cases } = JSON.parse(golden("json").toString()) as {
  cases: readonly {
    readonly name: string;
    readonly prompt: string;
    readonly seed: number;
    readonly num_inference_steps: number;
    readonly guidance_scale: number;
  }[];
};
const { tensors } = readSafetensors(new Uint8Array(golden("safetensors")));

// tooling/reference/folders/choices.py: the same by diffusers' names.
const choices: Readonly<Record<string, SchedulerChoice>> = {
  karras: { sampler: "dpm-solver++", sigmas: "karras", spacing: "linspace" },
  "karras-sde": { sampler: "dpm-solver++-sde", sigmas: "karras", spacing: "linspace" },
  exponential: { sampler: "euler", sigmas: "exponential", spacing: "linspace" },
  ancestral: { sampler: "euler-ancestral", spacing: "linspace" },
  leading: { sampler: "ddim", spacing: "leading" },
  trailing: { sampler: "euler", spacing: "trailing" },
  "dpm-exponential": { sampler: "dpm-solver++", sigmas: "exponential" },
  "unipc-beta": { sampler: "unipc", sigmas: "beta" },
  beta: { sampler: "euler", sigmas: "beta", spacing: "linspace" },
};

const backend = onnxBackend();
afterAll(async () => (await backend).close());

test.each(cases)("$name is the picture of diffusers' from_config", async (run) => {
  const { read, ...chosen } = chooseScheduler(sd1.read, choices[run.name]);
  expect(chosen).toEqual({});
  const model = await openImageModel(read, { backend });
  const { images } = await model.textToImage({
    prompt: run.prompt,
    steps: run.num_inference_steps,
    guidance: run.guidance_scale,
    torchSeed: run.seed,
  });
  const wanted = tensors[run.name].data;
  expect(wanted).toHaveLength(images.length);
  const wrong = images.map((v, i) => Math.abs(Math.round((v + 1) * 127.5) - Number(wanted[i])));
  expect(Math.max(...wrong)).toBeLessThanOrEqual(2);
});

test("a choice that a scheduler does not have is refused by the name of its flag", async () => {
  const path = "scheduler/scheduler_config.json";
  const read = (choice: SchedulerChoice) => chooseScheduler(sd1.read, choice).read(path);
  await expect(read({ sigmas: "karras" })).rejects.toThrow(
    "--sigmas must be left out: PNDMScheduler has no use_karras_sigmas",
  );
  expect(() => chooseScheduler(sd1.read, { sampler: "lcm", sigmas: "beta" })).toThrow(
    "--sigmas must be left out: lcm has levels of its own",
  );
  expect(() => chooseScheduler(sd1.read, { sampler: "tcd", spacing: "trailing" })).toThrow(
    "--spacing must be left out: tcd has levels of its own",
  );
  expect(chooseScheduler(sd1.read, { sampler: "lcm" })).toEqual({ read: sd1.read, sampler: "lcm" });
});

describe("the web UI's", () => {
  const linspace = { spacing: "linspace" };
  test.each([
    ["Euler a", undefined, { sampler: "euler-ancestral", ...linspace }],
    ["Euler", "Normal", { sampler: "euler", ...linspace }],
    ["DPM++ 2M Karras", undefined, { sampler: "dpm-solver++", sigmas: "karras", ...linspace }],
    ["DPM++ 2M", undefined, { sampler: "dpm-solver++", ...linspace }],
    ["DPM++ 2M", "Automatic", { sampler: "dpm-solver++", sigmas: "karras", ...linspace }],
    ["DPM++ 2M", "Exponential", { sampler: "dpm-solver++", sigmas: "exponential", ...linspace }],
    ["Heun", "Automatic", { sampler: "heun", ...linspace }],
    ["LMS Karras", undefined, { sampler: "lms", sigmas: "karras", ...linspace }],
    ["Euler", "SGM Uniform", { sampler: "euler", spacing: "trailing" }],
    ["Euler", "Beta", { sampler: "euler", sigmas: "beta", ...linspace }],
    ["DDIM", "Automatic", { sampler: "ddim", spacing: "leading" }],
    ["PLMS", undefined, { sampler: "pndm", spacing: "leading" }],
  ])("%s with %s is ours", (sampler, scheduleType, wanted) => {
    const { settings, notes } = fromWebUi({ sampler, scheduleType });
    expect(settings).toEqual({ ...wanted, weighted: true });
    expect(notes).toEqual([]);
  });

  test.each([
    ["DPM adaptive", undefined, /sampler "DPM adaptive" is not known here: the folder's own/],
    ["toString", undefined, /sampler "toString" is not known here/],
    ["Euler", "KL Optimal", /schedule "KL Optimal" is not known here: evenly spaced times/],
    ["DPM2 a Karras", undefined, /^dpm2-ancestral in place of DPM2 a: the web UI leaves out/],
    ["DPM++ 2M SDE", "Automatic", /^dpm-solver\+\+-sde in place of .*noise is drawn otherwise$/],
    ["UniPC", undefined, /^unipc in place of UniPC: the web UI's is of order 3$/],
    ["x".repeat(1e5), "y".repeat(1e5), /^the web UI's sampler "x{40}\.\.\." is not known/],
  ])("%s with %s has a note", (sampler, scheduleType, message) => {
    const { notes } = fromWebUi({ sampler, scheduleType });
    expect(notes).toEqual([expect.stringMatching(message)]);
  });

  const text = (value: string) => new Uint8Array(Buffer.from(`parameters\0${value}`, "latin1"));
  const flags = { backend: "cpu", seed: 0, force: false, json: false, out: "" };

  test("text becomes settings: its seed draws as a GPU does, and its words have weights", async () => {
    const like = at("web-ui.png");
    const parameters =
      "a (red:1.3) fox\nNegative prompt: blurry\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1, Size: 512x512, Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Denoising strength: 0.7, Clip skip: 2, Version: v1.6.0";
    writeFileSync(like, pngFile(pngHeader(1, 1), pngChunk("tEXt", text(parameters))));
    const { settings, notes } = await likePicture([], { ...flags, like, model: "sd15" }, false);
    expect(settings).toEqual({
      prompt: "a (red:1.3) fox",
      negativePrompt: "blurry",
      guidance: 7,
      sampler: "dpm-solver++",
      sigmas: "karras",
      spacing: "linspace",
      steps: 20,
      size: [512, 512],
      torchSeed: 1,
      torchDevice: "cuda",
      clipSkip: 1,
      weighted: true,
      model: "sd15",
    });
    expect(notes).toEqual([expect.stringMatching(/strength of 0\.7: pass --image and --strength/)]);
    await expect(likePicture([], { ...flags, like }, false)).rejects.toThrow(
      "pass the picture's model as --model v1-5-pruned-emaonly",
    );
    const euler = { ...flags, like, model: "sd15", sampler: "euler" as const };
    const other = await likePicture([], euler, false);
    expect(other.settings.sampler).toBe("euler");
    expect(other.settings).not.toHaveProperty("sigmas");
    const cpu = parameters.replace("Version", "RNG: CPU, Version");
    writeFileSync(like, pngFile(pngHeader(1, 1), pngChunk("tEXt", text(cpu))));
    const { settings: onCpu } = await likePicture([], { ...flags, like, model: "sd15" }, false);
    expect(onCpu.torchDevice).toBe("cpu");
  });

  test.each([
    ["sampler", 5],
    ["sigmas", "flat"],
    ["spacing", "none"],
    ["model", ["a"]],
  ])("wrong %s in our own settings is refused", async (name, value) => {
    const like = at(`${name}.png`);
    const raster = { width: 1, height: 1, channels: 1 as const, data: new Uint8Array(1) };
    writeFileSync(like, writePng(raster, { settings: { prompt: "a", [name]: value } }));
    await expect(likePicture([], { ...flags, like, model: "m" }, false)).rejects.toThrow(
      new RegExp(`--like .*${name}.png: ${name} must be`),
    );
  });
});
