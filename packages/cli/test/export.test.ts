/*
 * gen export, gen invert and gen cache: what one verb writes, another takes, and PyTorch's weights go
 * both ways.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { digits, holdOut, readNpy, readPng, readSafetensors, writeSafetensors } from "@gen/data";
import { constant, graphOf, tensor } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { fromOnnx } from "@gen/graph/onnx";
import { modelFiles } from "@gen/model-files";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { gen, genHere, interruptGen, runJsonHere, scratch } from "./gen.ts";
import { expectRefused } from "./refused.ts";

const { at } = scratch();
const reference = (name: string) => fileURLToPath(new URL(`reference/${name}`, import.meta.url));
const torch = (name: string) => reference(`export/${name}`);
const outputs = JSON.parse(readFileSync(torch("outputs.json"), "utf8"));

beforeAll(async () => {
  const small = ["--data", "two-moons", "--width", "8", "--batch", "16", "--steps", "3"];
  await runJsonHere("train", "ddpm", ...small, "--out", at("moons"));
});

/** The model's outputs for the inputs of the reference, in float64. */
function outputsOf(path: string): number[] {
  const model = fromOnnx(readFileSync(path));
  const sample = constant(tensor(outputs.sample.flat(), [5, 2]));
  const timestep = constant(tensor(outputs.timestep, [5], "int64"));
  const { out_sample } = evaluate(graphOf(model.apply({ sample, timestep })), {});
  return Array.from(out_sample.data as Float64Array);
}

describe.concurrent("gen export", () => {
  test("takes PyTorch's weights into a folder of a training, and gives them back", async () => {
    const weights = ["--weights", torch("torch.safetensors"), "--names-map", torch("names.json")];
    const told = await runJsonHere("export", at("moons"), ...weights, "--out", at("theirs"));
    expect(told.models).toMatchObject([{ path: "unet/model.onnx", greatest: 0 }]);
    const output = outputs.output.flat();
    outputsOf(at("theirs", "unet/model.onnx")).forEach((v, i) => {
      expect(v).toBeCloseTo(output[i], 5);
    });
    const map = ["--names-map", torch("names.json")];
    const to = ["--to", "safetensors", "--out", at("back.safetensors")];
    await runJsonHere("export", at("theirs"), ...to, ...map);
    const [back, theirs] = [at("back.safetensors"), torch("torch.safetensors")].map(
      (path) => readSafetensors(readFileSync(path)).tensors,
    );
    expect(back).toEqual(theirs);
    // The folder is one of gen: it samples, and is trained further.
    await runJsonHere("sample", "--model", at("theirs"), "--steps", "2", "--out", at("theirs.npy"));
    const more = ["--data", "two-moons", "--width", "8", "--batch", "16", "--steps", "4"];
    expect(await runJsonHere("train", "ddpm", ...more, "--out", at("theirs"))).toMatchObject({
      steps: 4,
    });
  });

  test("measures the error of each type, in fewer bytes", async () => {
    const folder = reference("unet-28");
    const found: Record<string, { bytes: number; greatest: number; relative: number }> = {};
    for (const dtype of ["float32", "float16", "int8"]) {
      const one = ["--dtype", dtype, "--inputs", "2", "--out", at(`unet-${dtype}`)];
      const { models } = await runJsonHere("export", folder, ...one);
      [found[dtype]] = models as (typeof found)[string][];
    }
    const { float32, float16, int8 } = found;
    expect(float32.relative).toBeLessThan(1e-5);
    expect(float16.relative).toBeGreaterThan(1e-5);
    expect(float16.relative).toBeLessThan(5e-3);
    expect(int8.relative).toBeGreaterThan(float16.relative);
    expect(int8.relative).toBeLessThan(0.05);
    expect(float16.bytes).toBeLessThan(0.7 * float32.bytes);
    expect(int8.bytes).toBeLessThan(0.5 * float32.bytes);
    const samples = async (name: string, model: string) => {
      const given = ["--init", join(folder, "noise.npy"), "--steps", "3"];
      await runJsonHere("sample", "--model", model, ...given, "--out", at(`${name}.npy`));
      return Float64Array.from(readNpy(readFileSync(at(`${name}.npy`))).data as Float32Array);
    };
    const wanted = await samples("wanted", folder);
    const got = await samples("got", at("unet-int8"));
    const rms = Math.hypot(...got.map((v, i) => v - wanted[i])) / Math.sqrt(got.length);
    expect(rms).toBeGreaterThan(0);
    expect(rms).toBeLessThan(0.05);
  });

  test("a folder of Stable Diffusion stays one, in a third of the bytes", async () => {
    modelFolder("sd1").write(at("sd1"));
    const { models } = await runJsonHere(
      ...["export", at("sd1"), "--dtype", "int8", "--inputs", "0", "--out", at("sd1-int8")],
    );
    const all = models as { path: string; bytes: number; weightBytes: number }[];
    const unet = all.find(({ path }) => path === "unet/model.onnx");
    expect(unet?.bytes).toBeLessThan(0.4 * (unet?.weightBytes ?? 0));
    const { code, stderr } = await genHere(
      ["generate", "a fox", "--model", at("sd1-int8"), "--steps", "1"].concat(
        "--out",
        at("fox.png"),
      ),
    );
    expect([code, readPng(readFileSync(at("fox.png"))).width], stderr).toEqual([0, 64]);
  });

  test("a file becomes a file, and the names are a table", async () => {
    const model = at("moons", "unet/model.onnx");
    await runJsonHere("export", model, "--inputs", "0", "--out", at("one.onnx"));
    const [ours, theirs] = [outputsOf(at("one.onnx")), outputsOf(model)];
    ours.forEach((v, i) => {
      expect(v).toBeCloseTo(theirs[i], 6);
    });
    const { stdout } = await genHere(["export", at("moons"), "--names"]);
    expect(stdout).toMatch(/^layers\.0\.weight +float32 \[8, 66\]$/m);
    const map = ["--names", "--names-map", torch("names.json")];
    expect(await runJsonHere("export", at("moons"), ...map)).toContainEqual({
      name: "layers.3.bias",
      there: "net.6.bias",
      dtype: "float32",
      shape: [2],
    });
  });

  test("refuses in one line what does not fit", async () => {
    const [moons, q] = [at("moons"), ["--out", at("q")]];
    const map = (name: string, value: unknown) => {
      writeFileSync(at(name), JSON.stringify(value));
      return ["--names", "--names-map", at(name)];
    };
    writeFileSync(at("short.safetensors"), writeSafetensors({}));
    mkdirSync(at("full"));
    const names = ["--names-map", torch("names.json")];
    const cases: [string[], RegExp][] = [
      [[at("none")], /none: no such file or folder/],
      [[moons, "--dtype", "int8", "--to", "safetensors"], /int8 is for --to onnx/],
      [[moons, "--to", "safetensors", "--out", at("a.bin")], /must end in \.safetensors/],
      [[moons, "--backend", "cpu", ...q], /--backend must be one of ONNX Runtime's/],
      [[moons, "--out", at("full")], /full exists already/],
      [[moons, ...names, ...q], /--names-map needs --names, --weights/],
      [[moons, "--weights", torch("torch.safetensors"), ...q], /must have layers\.0\..*has net\.0/],
      [[moons, "--weights", at("short.safetensors"), ...q], /must have layers\.0\..* and 5 more/],
      [[moons, ...map("a.json", { nobody: "x" })], /no weight has the name nobody/],
      [[moons, ...map("b.json", ["x"])], /must be a JSON object of names/],
      [
        [moons, ...map("c.json", { "layers.0.bias": "layers.1.bias" })],
        /gives two weights the name layers\.1\.bias/,
      ],
      [[reference("unet-28/noise.npy"), ...q], /--out must end in \.onnx|not an ONNX model/],
    ];
    for (const [args, message] of cases) await expectRefused(["export", ...args], message);
    expect(existsSync(at("q"))).toBe(false);
  });
});

describe.concurrent("gen invert", () => {
  test("gives the noise from which gen sample makes the pictures again", async () => {
    const training = ["--data", "digits", "--width", "8", "--batch", "16", "--steps", "30"];
    await runJsonHere("train", "ddpm", ...training, "--classes", "--out", at("digits"));
    const items = ["--model", at("digits"), "--items", "3,17,25"];
    const told = await runJsonHere("invert", ...items, "--steps", "200", "--out", at("inverted"));
    const coarse = await runJsonHere(
      "invert",
      ...items,
      "--steps",
      "10",
      "--out",
      at("coarse.png"),
    );
    const rms = (of: typeof told) => (of.pixels as { rootMeanSquare: number }).rootMeanSquare;
    // First order in the steps: twenty times as many leave far less.
    expect(rms(told)).toBeLessThan(rms(coarse) / 4);
    const { data, shape } = readNpy(readFileSync(at("inverted", "noise.npy")));
    expect(shape).toEqual([3, 1, 8, 8]);
    const sheet = readPng(readFileSync(at("inverted", "sheet.png")));
    expect(sheet.width).toBe(sheet.height);
    const noise = data as Float32Array;
    expect(noise.every(Number.isFinite)).toBe(true);
    const { test: held } = holdOut(await digits());
    const [low, high] = held.range ?? [0, 1];
    const picked = [3, 17, 25];
    const original = picked.flatMap((i) => Array.from(held.data.subarray(64 * i, 64 * (i + 1))));
    const labels = picked.flatMap((i) => ["--class", String(held.labels?.[i])]);
    const given = ["--init", at("inverted", "noise.npy"), "--sampler", "ddim", "--steps", "200"];
    const model = ["--model", at("digits"), ...labels, "--no-clip"];
    await runJsonHere("sample", ...model, ...given, "--out", at("again.npy"));
    const again = readNpy(readFileSync(at("again.npy"))).data as Float32Array;
    const errors = original.map((v, i) => (again[i] + 1) / 2 - (v - low) / (high - low));
    const found = (255 * Math.hypot(...errors)) / Math.sqrt(errors.length);
    expect(found).toBeCloseTo(rms(told), 1);
    const long = ["invert", ...items, "--steps", "1000", "--count", "8"];
    await expectRefused(long, /--count must be left out with --items/);
    const slow = ["invert", "--model", at("digits"), "--count", "90", "--steps", "1000"];
    const stopped = await interruptGen([...slow, "--out", at("stopped.png")], /DDIM there/);
    expect([stopped.code, existsSync(at("stopped.png"))]).toEqual([130, false]);
    expect(stopped.stderr).toMatch(/interrupted before the work was done; nothing was written/);
  });

  test("refuses in one line what does not fit", async () => {
    const cases: [string[], RegExp][] = [
      [[], /--model must be given/],
      [["--model", reference("unet-28"), "--steps", "5000"], /--steps must be at most 1000/],
      [["--model", at("moons")], /must make pictures, got items \[2\]/],
      [["--model", reference("unet-28"), "--out", at("q.png")], /--data must be given/],
      [
        ["--model", reference("unet-28"), "--data", "fashion-mnist", "--items", "99999"],
        /--items must be in \[0, 1999\]/,
      ],
    ];
    await Promise.all(cases.map(([args, message]) => expectRefused(["invert", ...args], message)));
  });
});

describe("gen cache", () => {
  const server = createServer((request, response) => response.end(`of ${request.url}`));
  let origin = "";
  beforeAll(async () => {
    process.env.XDG_CACHE_HOME = at("cache");
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const path of ["a/one", "a/two", "b/three?key=secret"])
      await modelFiles().fetch(`${origin}/${path}`);
  });
  afterAll(() => server.close());

  test("lists, checks and removes files, and asks before it removes all", async () => {
    const folder = at("cache", "gen", "models");
    expect((await genHere(["cache", "--path"])).stdout).toBe(`${folder}\n`);
    const listed = await genHere(["cache"]);
    expect(listed.stdout).toMatch(
      /^ +\d+ B {2}\d{4}-\d\d-\d\d {2}[0-9a-f]{12} {2}http.*\/a\/one$/m,
    );
    expect(listed.stdout).toContain("/b/three?...");
    expect(listed.stdout).not.toContain("secret");
    const all = (await runJsonHere("cache")).files as { sha256: string; urls: string[] }[];
    expect(all).toHaveLength(3);
    await expectRefused(["cache", "--clear"], /--clear needs --force to remove all 3 files/);
    await expectRefused(["cache", "elsewhere", "--clear"], /elsewhere is not in the cache/);
    await expectRefused(["cache", "--path", "--clear"], /do not go together/);
    const two = all.find(({ urls }) => urls[0].endsWith("two"))?.sha256 ?? "";
    expect(await runJsonHere("cache", two.slice(0, 8), "--clear")).toMatchObject({ removed: 1 });
    expect(await runJsonHere("cache", `${origin}/a`)).toMatchObject({ files: [{ bytes: 9 }] });
    const one = all.find(({ urls }) => urls[0].endsWith("one"))?.sha256 ?? "";
    expect((await genHere(["cache", "--verify"])).code).toBe(0);
    writeFileSync(join(folder, one), "of /a/onE");
    const damaged = await gen(["cache", "--verify"]);
    expect([damaged.code, damaged.stdout]).toEqual([
      1,
      expect.stringMatching(/damaged +http.*one/),
    ]);
    expect(await runJsonHere("cache", "--clear", "--force")).toMatchObject({ removed: 2 });
    expect(readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name))).toEqual([]);
  });
});
