import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readNpy, readPng, writeNpy } from "@gen/data";
import { ddimSteps } from "@gen/ddim";
import { ddpmSteps } from "@gen/ddpm";
import { normalNoise } from "@gen/math";
import { loadPipeline, pipelineFiles } from "@gen/pipeline";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { sample } from "@gen/sampling";
import { beforeAll, describe, expect, test } from "vitest";
import { expectRefusal, gen, interruptGen, runJson, scratch } from "./gen.ts";

const { at, files } = scratch();
const moons = at("moons");
const images = at("images");
const latents = at("latents");

beforeAll(async () => {
  const small = ["--batch", "16", "--width", "8", "--steps", "20"];
  await runJson("train", "ddpm", "--data", "two-moons", ...small, "--out", moons);
  await runJson("train", "ddpm", "--data", "digits", ...small, "--out", images);
  const vae = at("vae");
  await runJson("train", "vae", "--data", "digits", ...small, "--latent", "4", "--out", vae);
  await runJson("train", "ddpm", "--data", "digits", "--vae", vae, ...small, "--out", latents);
});

const numbers = (path: string) => {
  const { data, shape } = readNpy(readFileSync(path));
  return { data: Float64Array.from(data as Float32Array), shape };
};

/** Samples a folder into an array. */
async function sampleInto(name: string, ...args: string[]) {
  const result = await runJson("sample", ...args, "--out", at(`${name}.npy`));
  return { ...numbers(at(`${name}.npy`)), result };
}

const furthest = (a: Float64Array, b: ArrayLike<number>) =>
  a.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - b[i])),
    a.length === b.length ? 0 : 9,
  );

describe.concurrent("gen sample overrides the scheduler", () => {
  const args = ["--model", moons, "--count", "5", "--steps", "6"];

  test("by its flags, with a note for each", async () => {
    const flags = ["--spacing", "trailing", "--predicts", "v", "--zero-snr"];
    const ran = await gen(["sample", ...args, ...flags, "--out", at("overridden.npy")]);
    expect(ran.code).toBe(0);
    for (const line of [
      "note: --predicts: prediction_type is v_prediction in place of epsilon",
      "note: --spacing: timestep_spacing is trailing in place of leading",
      "note: --zero-snr: rescale_betas_zero_snr is true in place of false",
    ]) {
      expect(ran.stderr).toContain(line);
    }
    await expectRefusal(
      ["sample", ...args, "--schedule-shift", "3", "--out", at("shifted.npy")],
      /--schedule-shift must be left out: DDIMScheduler has no flow_shift/,
    );
    await expectRefusal(
      ["sample", ...args, "--zero-snr", "--spacing", "trailing", "--out", at("zero.npy")],
      /prediction_type must be v_prediction or sample where a step starts without signal/,
    );
  });

  test("with steps for the model at hand", async () => {
    const { data, result } = await sampleInto("optimal", ...args, "--spacing", "optimal");
    expect(result).toMatchObject({ sampler: "ddim", steps: 6, shape: [5, 2] });
    const usual = await sampleInto("usual", ...args);
    expect(furthest(data, usual.data)).toBeGreaterThan(1e-3);
  });

  test("with --compat diffusers, which --torch-seed implies", async () => {
    const seven = ["--model", moons, "--count", "5", "--steps", "7"];
    const ours = await sampleInto("ours", ...seven);
    const theirs = await sampleInto("theirs", ...seven, "--compat", "diffusers");
    // Seven steps of 1,000 do not divide: DDIMScheduler goes to t - floor(1000 / 7).
    expect(furthest(ours.data, theirs.data)).toBeLessThan(1e-6);
    const spaced = [...seven, "--spacing", "linspace"];
    const mended = await sampleInto("mended", ...spaced);
    const kept = await sampleInto("kept", ...spaced, "--compat", "diffusers");
    expect(furthest(mended.data, kept.data)).toBeGreaterThan(1e-3);
  });
});

describe.concurrent("gen sample writes", () => {
  const args = ["sample", "--model", images, "--count", "3", "--steps", "2"];

  test("a picture", async () => {
    const result = await runJson(...args, "--out", at("sheet.png"));
    expect(result).toMatchObject({
      shape: [3, 1, 8, 8],
      sampler: "ddim",
      steps: 2,
      eta: 0,
      seed: 0,
    });
    expect(result.backend).toBe("onnx/node-cpu");
    // Two columns and two rows of 8 x 8 with 1 between, 7 times enlarged.
    expect(readPng(readFileSync(at("sheet.png")))).toMatchObject({ width: 133, height: 133 });
  });

  test("numbers", async () => {
    await runJson(...args, "--out", at("numbers.npy"));
    const { data, shape } = numbers(at("numbers.npy"));
    expect(shape).toEqual([3, 1, 8, 8]);
    expect(data.every(Number.isFinite)).toBe(true);
  });

  test("a folder of both and of each image", async () => {
    const { code, stdout, stderr } = await gen([...args, "--out", at("folder")]);
    expect([code, stdout]).toEqual([0, `3 samples are in ${at("folder")}\n`]);
    expect(stderr).toMatch(/DDIM on onnx\/node-cpu .* 2 steps\n$/);
    expect(readdirSync(at("folder")).sort()).toEqual([
      "0000.png",
      "0001.png",
      "0002.png",
      "samples.npy",
      "sheet.png",
    ]);
    await runJson(...args, "--count", "1", "--out", at("folder"), "--force");
    expect(readdirSync(at("folder")).sort()).toEqual(["0000.png", "samples.npy", "sheet.png"]);
  });

  test("points as a picture of points, and no single pictures", async () => {
    const points = ["sample", "--model", moons, "--count", "50", "--steps", "3"];
    await runJson(...points, "--out", at("points"));
    expect(readdirSync(at("points")).sort()).toEqual(["samples.npy", "sheet.png"]);
    const { channels, data } = readPng(readFileSync(at("points", "sheet.png")));
    expect(channels).toBe(3);
    expect(data.some((v, i) => i % 3 === 0 && v < 100)).toBe(true);
  });

  test("no picture of too many images", () =>
    expectRefusal(
      ["sample", "--model", images, "--count", "100000", "--out", at("huge.png")],
      /--count must be at most 16908 for a picture of samples \[1, 8, 8\], got 100000; .*\.npy/,
    ));
});

describe.concurrent("gen sample draws", () => {
  test("the same samples in any count, from the same seed alone", async () => {
    const args = ["--model", moons, "--steps", "5", "--eta", "1"];
    const few = await sampleInto("few", ...args, "--count", "3");
    const many = await sampleInto("many", ...args, "--count", "2500");
    const other = await sampleInto("other", ...args, "--count", "3", "--seed", "1");
    expect(many.shape).toEqual([2500, 2]);
    expect(furthest(few.data, many.data.subarray(0, 6))).toBeLessThan(1e-5);
    expect(furthest(few.data, other.data)).toBeGreaterThan(0.1);
  });

  test("from the noise of --init as from the same noise of --seed 0", async () => {
    const noise = normalNoise({ seed: 0, purpose: "initial", batch: 4, size: 64 });
    writeFileSync(at("noise.npy"), writeNpy({ data: noise, shape: [4, 1, 8, 8] }));
    const args = ["--model", images, "--steps", "3"];
    const given = await sampleInto("given", ...args, "--init", at("noise.npy"), "--seed", "9");
    const seeded = await sampleInto("seeded", ...args, "--count", "4");
    expect(given.shape).toEqual([4, 1, 8, 8]);
    expect(furthest(given.data, seeded.data)).toBe(0);
  });

  test.each(["ddim", "ddpm"])("with %s by diffusers' convention of clipping", async (name) => {
    const args = ["--model", images, "--sampler", name, "--steps", "6", "--count", "2"];
    const clipped = await sampleInto(`clipped-${name}`, ...args, "--backend", "cpu");
    const free = await sampleInto(`free-${name}`, ...args, "--backend", "cpu", "--no-clip");
    const found = await loadPipeline(async (path) =>
      existsSync(`${images}/${path}`) ? readFileSync(`${images}/${path}`) : undefined,
    );
    const { schedule } = found.scheduler;
    const table = (keepEpsilon: boolean) =>
      name === "ddim"
        ? ddimSteps(schedule, { steps: 6, keepEpsilon })
        : ddpmSteps(schedule, { steps: 6 });
    const by = async (keepEpsilon: boolean, clip: number | false) => {
      const common = { backend: cpuBackend(), denoiser: found.denoiser, shape: [2, 1, 8, 8] };
      return (await sample({ ...common, steps: table(keepEpsilon), clip })).x;
    };
    expect(furthest(clipped.data, await by(true, 1))).toBeLessThan(1e-5);
    expect(furthest(free.data, await by(false, false))).toBeLessThan(1e-3);
    expect(furthest(clipped.data, free.data)).toBeGreaterThan(1e-2);
    if (name === "ddim") expect(furthest(clipped.data, await by(false, 1))).toBeGreaterThan(1e-2);
  });

  test("the same images on every backend", async () => {
    const backends = ["onnx", "onnx/wasm", "tfjs", "cpu"];
    for (const [name, model] of [
      ["pixels", images],
      ["decoded", latents],
    ]) {
      for (const sampler of ["ddim", "ddpm"]) {
        const args = ["--model", model, "--sampler", sampler, "--steps", "8", "--count", "3"];
        const all = await Promise.all(
          backends.map((backend) => {
            const file = `${name}-${sampler}-${backend.replace("/", "-")}`;
            return sampleInto(file, ...args, "--seed", "3", "--backend", backend);
          }),
        );
        expect(all.map(({ result }) => result.backend)).toEqual([
          "onnx/node-cpu",
          "onnx/wasm",
          "tfjs/wasm",
          "cpu",
        ]);
        const [first, ...rest] = all;
        expect(first.shape).toEqual([3, 1, 8, 8]);
        for (const { data } of rest) expect(furthest(first.data, data)).toBeLessThan(1e-3);
      }
    }
  });

  test("nothing after Ctrl-C, and exits with 130", async () => {
    const args = ["sample", "--model", images, "--sampler", "ddpm", "--count", "64", "--out"];
    mkdirSync(at("stopped"));
    for (const out of [at("stopped", "samples.npy"), at("stopped", "samples")]) {
      const { code, stdout, stderr } = await interruptGen([...args, out], /% *, .* left/);
      expect([code, stdout]).toEqual([130, ""]);
      expect(stderr).toMatch(
        /gen: interrupted before the samples were done; nothing was written\n$/,
      );
    }
    expect(files("stopped")).toEqual([]);
  });
});

describe.concurrent("gen sample notes what it ignores", () => {
  test("unknown fields, but not dynamic thresholding", async () => {
    const { code, stdout, stderr } = await gen([
      ...["sample", "--model", variant(), "--count", "1", "--steps", "1", "--json"],
      ...["--out", at("noted.npy")],
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).steps).toBe(1);
    expect(stderr).toMatch(/note: fields that DDIMScheduler does not have .*: color/);
  });

  /** The images' folder with other settings in its scheduler. */
  function variant(): string {
    const config = at("variant/scheduler/scheduler_config.json");
    cpSync(images, at("variant"), { recursive: true });
    const text = readFileSync(config, "utf8");
    const changed = '"thresholding": true,\n"color": "red"';
    writeFileSync(config, text.replace('"thresholding": false', changed));
    return at("variant");
  }
});

test("gen sample of a model with a NaN weight exits 1, names the step and writes nothing", async () => {
  const folder = at("not-finite");
  cpSync(moons, folder, { recursive: true });
  const read = async (path: string) =>
    existsSync(`${moons}/${path}`) ? readFileSync(`${moons}/${path}`) : undefined;
  const pipeline = await loadPipeline(read);
  for (const { value } of pipeline.denoiser.parameters) value.data.fill(Number.NaN as never);
  writeFileSync(`${folder}/unet/model.onnx`, pipelineFiles(pipeline)["unet/model.onnx"]);
  for (const [name, backend] of [
    ["a.npy", "onnx/node-cpu"],
    ["b.png", "cpu"],
  ]) {
    const out = at(name);
    const args = ["sample", "--model", folder, "--steps", "3", "--backend", backend];
    const ran = await gen([...args, "--out", out]);
    expect(ran.code, ran.stderr).toBe(1);
    expect(ran.stderr).toMatch(/x is NaN at index 0 after step 0 \(t = 666\) of 3 steps: check/);
    expect(ran.stdout).toBe("");
    expect(existsSync(out)).toBe(false);
  }
});
