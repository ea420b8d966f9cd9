import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { expectRefusal, gen, scratch } from "./gen.ts";

const { at } = scratch();
const commands = ["quickstart", "train vae", "train ddpm", "sample", "generate", "backends"];

describe.concurrent("help", () => {
  test.each(commands)("of %s lists its options, with examples", async (command) => {
    const { code, stdout, stderr } = await gen([...command.split(" "), "--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const flag of ["--backend", "--seed", "--out", "--force", "--json", "--help"])
      expect(stdout).toContain(flag);
    expect(stdout).toContain(`gen ${command}`);
    expect(stdout).toMatch(/Examples:/);
  });

  test("without a command lists the commands", async () => {
    const { code, stdout } = await gen([]);
    expect(code).toBe(0);
    for (const name of ["quickstart", "train", "sample", "generate", "inspect", "backends"])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  test("the version is the package's", async () => {
    const { version } = JSON.parse(
      readFileSync(new URL("../package.json", import.meta.url), "utf8"),
    );
    expect((await gen(["--version"])).stdout).toBe(`${version}\n`);
  });
});

describe.concurrent("bad usage is refused in one line that says what is allowed", () => {
  test.each([
    [
      ["paint"],
      /unknown command 'paint'; it must be one of quickstart, train, sample, generate, evaluate, compare, encode, decode, reconstruct, interpolate, serve, jobs, invert, export, inspect, cache, backends, doctor, completion, help/,
    ],
    [["trian"], /did you mean train\?/],
    [["train"], /gen train needs a command; it must be one of vae, ddpm/],
    [["train", "gan"], /unknown command 'gan'; it must be one of vae, ddpm/],
    [["train", "vae", "--color", "red"], /unknown option '--color'; allowed are .*--data.*--out/],
    [["sample", "--color"], /unknown option '--color'; allowed are .*--model/],
    [["quickstart", "--epochs", "3"], /unknown option '--epochs'; allowed are --effort/],
    [["backends", "now"], /too many arguments/],
    [["train", "ddpm", "--steps", "ten"], /'--steps <n>' argument 'ten'.*whole number in \[1, /],
    [["train", "ddpm", "--steps", "0"], /whole number in \[1, /],
    [["train", "ddpm", "--steps"], /'--steps <n>' argument missing/],
    [["train", "ddpm", "--learning-rate", "0"], /number in \(0, 1\]/],
    [["train", "ddpm", "--range", "1,0"], /two numbers, the lower first, such as 0,1/],
    [["train", "ddpm", "--out", ""], /'--out <path>' argument ''.*must be a path/],
    [["train", "ddpm", "--network", "cnn"], /Allowed choices are mlp, unet/],
    [["sample"], /--model must be given/],
    [["sample", "--model", "m", "--seed", "-1"], /'--seed <n>' argument '-1'.*of at least 0/],
    [["sample", "--model", "m", "--seed", "0.5"], /whole number of at least 0/],
    [["sample", "--model", "m", "--eta", "1.5"], /'--eta <x>' argument '1.5'.*number in \[0, 1\]/],
    [
      ["sample", "--model", "m", "--sampler", "plms"],
      /choices are ddim, ddpm, euler, .*, flow-euler, lcm, tcd\./,
    ],
    [["sample", "--model", "m", "--size", "4x"], /a width, or a width and a height, such as 64x48/],
    [["sample", "--model", "m", "--torch-seed", "-1"], /'--torch-seed <n>' .*of at least 0/],
    [["sample", "--model", "m", "--sampler", "heun", "--eta", "1"], /--eta is for .*, got heun/],
    [["sample", "--model", "m", "--sampler", "ddpm", "--eta", "1"], /--eta is for --sampler ddim/],
    [["sample", "--model", "m", "--backend", "cuda"], /Allowed choices are onnx, tfjs, .*cpu/],
    [["quickstart", "--effort", "0"], /number in \(0, 100\]/],
  ])("%j", (args, message) => expectRefusal(args, message));
});

describe.concurrent("backends", () => {
  test("are tested and reported as JSON", async () => {
    const { code, stdout } = await gen(["backends", "--json", "--seed", "3"]);
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as { backend: string; available: boolean; error?: number }[];
    expect(found.map(({ backend }) => backend)).toEqual([
      "onnx/node-cpu",
      "onnx/wasm",
      "onnx/node-webgpu",
      "onnx/node-cuda",
      "onnx/node-dml",
      "onnx/node-coreml",
      "tfjs/wasm",
      "tfjs/cpu",
      "cpu",
    ]);
    const gpus = /webgpu|cuda|dml|coreml/;
    const usual = found.filter(({ backend }) => !gpus.test(backend));
    for (const { available, error } of usual) {
      expect(available).toBe(true);
      expect(error).toBeLessThan(1e-4);
    }
  });

  test("one backend is tested alone, into a file", async () => {
    const out = at("backends.json");
    const { code, stdout } = await gen(["backends", "--backend", "cpu", "--out", out]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^yes {2}cpu {2}runs as cpu, within 0e\+0 of float64\n$/);
    expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject([{ backend: "cpu", error: 0 }]);
    await expectRefusal(["backends", "--backend", "cpu", "--out", out], /exists already.*--force/);
  });
});

// Resolves as if these packages were not installed.
const without = (...names: string[]) => {
  const hooks = `export async function resolve(name, context, next) {
    if (!${JSON.stringify(names)}.some((n) => name === n || name.startsWith(n + "/"))) return next(name, context);
    throw Object.assign(new Error("Cannot find package '" + name + "'"), { code: "ERR_MODULE_NOT_FOUND" });
  }`;
  const url = `data:text/javascript,${encodeURIComponent(hooks)}`;
  const path = at(`without-${names.join("-").replace(/\W/g, "-")}.mjs`);
  writeFileSync(
    path,
    `import { register } from "node:module";\nregister(${JSON.stringify(url)});\n`,
  );
  return ["--import", path];
};

describe.concurrent("before a command runs, gen loads no runtime, network or data", () => {
  const heavy = ["graph", "nn", "sampling", "data", "pipeline", "vae", "schedules"];
  const node = without(...heavy.map((name) => `@gen/${name}`), "onnxruntime-node");

  test.each(["", ...commands, "inspect"])("gen %s --help", async (command) => {
    const args = [...command.split(" ").filter(Boolean), "--help"];
    const { code, stderr } = await gen(args, { node });
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("a missing model is refused", () =>
    expectRefusal(["sample", "--model", at("none")], /--model .* must be a folder/, node));
});

describe.concurrent("doctor", () => {
  test("reports the machine, the packages and the backends, and ends with 0 where all is well", async () => {
    const { code, stdout } = await gen(["doctor", "--json"]);
    const found = JSON.parse(stdout);
    expect([code, found.problems]).toEqual([0, []]);
    expect(found).toMatchObject({ node: process.versions.node, architecture: process.arch });
    expect(found.cache.folder).toMatch(/gen.models$/);
    for (const { version } of found.packages) expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(found.backends.length).toBeGreaterThan(5);
  });

  test("ends with 1 where only slow backends are left, with the command that mends it", async () => {
    const node = without("onnxruntime-node", "onnxruntime-web", "@tensorflow/tfjs");
    const { code, stdout, stderr } = await gen(["doctor"], { node });
    expect([code, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(
      /^to mend:\n {2}onnxruntime-node is not installed\n {4}.*npm install onnxruntime-node\n$/m,
    );
    expect(stdout).toMatch(/^optional:\n {2}onnxruntime-web is not installed\n/m);
  });
});

describe.concurrent("a backend whose package is not installed", () => {
  test.each([
    [
      ["onnxruntime-node"],
      "onnx/node-cpu",
      /onnxruntime-node is not installed; run: .*npm install onnxruntime-node/,
    ],
    [
      ["onnxruntime-web"],
      "onnx/wasm",
      /onnxruntime-web is not installed; run: npm install onnxruntime-web/,
    ],
    [
      ["onnxruntime-node", "onnxruntime-web"],
      "onnx",
      /is not installed; run: npm install onnxruntime-/,
    ],
    [
      ["@tensorflow/tfjs"],
      "tfjs",
      /@tensorflow\/tfjs is not installed; run: npm install @tensorflow\/tfjs/,
    ],
    [["@tensorflow/tfjs-backend-wasm"], "tfjs/wasm", /npm install @tensorflow\/tfjs-backend-wasm/],
  ])("%j missing: %s says how to install it", async (names, backend, message) => {
    const out = at(`missing-${backend.replace("/", "-")}`);
    const args = ["train", "ddpm", "--data", "rings", "--steps", "1", "--batch", "8"];
    const hidden = without(...names);
    await expectRefusal([...args, "--backend", backend, "--out", out], message, hidden);
    expect(existsSync(out)).toBe(false);
  });

  test("is listed with the command that installs it", async () => {
    const { code, stdout } = await gen(["backends"], {
      node: without("onnxruntime-node", "onnxruntime-web", "@tensorflow/tfjs"),
    });
    expect(code).toBe(0);
    expect(stdout.match(/^no {3}.*; run: .*npm install /gm)).toHaveLength(5);
    expect(stdout).toMatch(/^yes {2}cpu /m);
  });

  test("onnx falls back on the web build, and names it", async () => {
    const { code, stdout } = await gen(["backends", "--backend", "onnx"], {
      node: without("onnxruntime-node"),
    });
    expect([code, stdout]).toEqual([0, expect.stringContaining("runs as onnx/wasm")]);
  });
});
