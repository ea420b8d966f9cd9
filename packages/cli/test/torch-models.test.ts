import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { readNpy, writeNpy } from "@gen/data";
import { describe, expect, test } from "vitest";
import { expectRefusal, runJson, scratch } from "./gen.ts";

// Written by PyTorch 1.13 with tooling/reference/unet-torch.py, which holds the loops too.
const reference = (path: string) => fileURLToPath(new URL(`reference/${path}`, import.meta.url));
const unet28 = reference("unet-28");
const anySize = reference("unet-any");
const { at } = scratch();

const numbers = (path: string) => {
  const { data, shape } = readNpy(readFileSync(path));
  return { data: data as Float32Array, shape };
};

/** Samples a folder and gives the largest difference from PyTorch's own images. */
async function distance(wanted: string, name: string, ...args: string[]) {
  const out = at(`${name}.npy`);
  const result = await runJson("sample", ...args, "--out", out);
  const [found, expected] = [numbers(out), numbers(wanted)];
  expect(found.shape).toEqual(expected.shape);
  const error = Math.max(...Array.from(found.data, (v, i) => Math.abs(v - expected.data[i])));
  return { error, result };
}

describe("a UNet exported by PyTorch gives PyTorch's images", () => {
  const given = ["--model", unet28, "--init", `${unet28}/noise.npy`, "--steps", "10"];
  test.each(["onnx/node-cpu", "onnx/wasm", "tfjs/wasm", "cpu"])("on %s", async (backend) => {
    const name = backend.replace("/", "-");
    const { error, result } = await distance(
      `${unet28}/ddim.npy`,
      name,
      ...given,
      ...["--backend", backend],
    );
    expect(error).toBeLessThan(1e-4);
    expect(result).toMatchObject({ sampler: "ddim", steps: 10, eta: 0, backend, seed: 0 });
  });

  const seeded = ["--model", unet28, "--torch-seed", "5", "--count", "3"];
  test("from torch.manual_seed, with the noise of ddim's steps", async () => {
    const args = [...seeded, "--steps", "10", "--eta", "0.6"];
    const { error, result } = await distance(`${unet28}/ddim-seeded.npy`, "seeded-ddim", ...args);
    expect(error).toBeLessThan(1e-4);
    expect(result).toMatchObject({ torchSeed: 5, eta: 0.6 });
    expect(result).not.toHaveProperty("seed");
  });

  test("and of ddpm's", async () => {
    const args = [...seeded, "--steps", "20", "--sampler", "ddpm"];
    const { error } = await distance(`${unet28}/ddpm-seeded.npy`, "seeded-ddpm", ...args);
    expect(error).toBeLessThan(1e-4);
  });

  test("of any size, in several batches, with outer weights and a learned variance", async () => {
    const args = ["--model", anySize, "--sampler", "ddpm", "--steps", "8", "--size", "6x4"];
    const { error } = await distance(
      `${anySize}/ddpm-seeded.npy`,
      "seeded-any",
      ...args,
      ...["--torch-seed", "5", "--count", "70"],
    );
    expect(error).toBeLessThan(1e-3);
  });
});

/** A copy of the model of any size, changed. */
function variant(name: string, change: (folder: string) => void): string {
  cpSync(anySize, at(name), { recursive: true });
  change(at(name));
  return at(name);
}

describe.concurrent("gen sample takes another exporter's model", () => {
  test("of the size of --init", async () => {
    const noise = { data: new Float32Array(2 * 2 * 6 * 4).fill(0.5), shape: [2, 2, 6, 4] };
    writeFileSync(at("init.npy"), writeNpy(noise));
    const args = ["--model", anySize, "--init", at("init.npy"), "--steps", "1"];
    const { shape } = await runJson("sample", ...args, "--out", at("like-init.npy"));
    expect(shape).toEqual([2, 2, 6, 4]);
  });

  test("of the size in unet/config.json, with the sampler of its scheduler", async () => {
    const model = variant("configured", (folder) => {
      writeFileSync(`${folder}/unet/config.json`, '{"sample_size": [4, 2], "in_channels": 2}');
      const config = {
        _class_name: "HeunDiscreteScheduler",
        use_karras_sigmas: true,
        sigma_min: 1,
      };
      writeFileSync(`${folder}/scheduler/scheduler_config.json`, JSON.stringify(config));
    });
    const args = ["--model", model, "--count", "1", "--steps", "3", "--out", at("configured.npy")];
    const result = await runJson("sample", ...args);
    expect(result).toMatchObject({ shape: [1, 2, 4, 2], sampler: "heun", steps: 5 });
    expect(result).not.toHaveProperty("eta");
  });

  test("that is a flow, whose shift grows with the image", async () => {
    const model = variant("flow", (folder) => {
      const _class_name = "FlowMatchEulerDiscreteScheduler";
      const config = JSON.stringify({ _class_name, use_dynamic_shifting: true });
      writeFileSync(`${folder}/scheduler/scheduler_config.json`, config);
    });
    const args = ["--model", model, "--size", "4", "--steps", "3", "--out", at("flow.npy")];
    expect(await runJson("sample", ...args)).toMatchObject({ sampler: "flow-euler", steps: 3 });
  });

  test("as a snapshot in a Hugging Face cache, whose files are links to its blobs", async () => {
    const model = variant("models--org--name/snapshots/1234", (folder) => {
      mkdirSync(`${folder}/../../blobs`);
      const paths = ["unet/model.onnx", "unet/model.onnx_data", "scheduler/scheduler_config.json"];
      for (const [i, path] of paths.entries()) {
        renameSync(`${folder}/${path}`, `${folder}/../../blobs/${i}`);
        symlinkSync(`../../../blobs/${i}`, `${folder}/${path}`);
      }
    });
    const args = ["--model", model, "--size", "4", "--steps", "1", "--out", at("snapshot.npy")];
    await runJson("sample", ...args);
  });

  test("with its weights behind a link inside the folder", async () => {
    const model = variant("inner", (folder) => {
      mkdirSync(`${folder}/blobs`);
      cpSync(`${folder}/unet/model.onnx_data`, `${folder}/blobs/1`);
      rmSync(`${folder}/unet/model.onnx_data`);
      symlinkSync("../blobs/1", `${folder}/unet/model.onnx_data`);
    });
    await runJson(
      "sample",
      "--model",
      model,
      "--size",
      "4",
      "--steps",
      "1",
      "--out",
      at("inner.npy"),
    );
  });
});

describe.concurrent("gen sample refuses", () => {
  const size = ["--size", "4"];
  const cases: [name: string, make: () => string, flags: string[], message: RegExp][] = [
    ["a missing size", () => anySize, [], /\[batch, 2, height, width\] is open: give its/],
    [
      "a size that the model does not take",
      () => unet28,
      ["--size", "32"],
      /--size must be left out or fit samples \[1, 28, 28\].* got 32x32/,
    ],
    [
      "noise of two seeds",
      () => unet28,
      ["--torch-seed", "1", "--seed", "0"],
      /--torch-seed takes the place of --seed; leave one of them out/,
    ],
    [
      "noise of a seed and a file",
      () => unet28,
      ["--torch-seed", "1", "--init", "noise.npy"],
      /--torch-seed draws the initial noise as well; leave out --init/,
    ],
    [
      "--eta for a scheduler's sampler without fresh noise",
      () =>
        variant("unipc", (folder) =>
          writeFileSync(
            `${folder}/scheduler/scheduler_config.json`,
            '{"_class_name": "UniPCMultistepScheduler"}',
          ),
        ),
      [...size, "--eta", "1"],
      /--eta is for --sampler ddim or euler-ancestral or tcd, got unipc/,
    ],
    [
      "missing weights",
      () => variant("missing", (folder) => rmSync(`${folder}/unet/model.onnx_data`)),
      size,
      /unet\/model\.onnx: its weights in unet\/model\.onnx_data are missing/,
    ],
    [
      "truncated weights",
      () => variant("short", (folder) => cut(`${folder}/unet/model.onnx_data`, 1000)),
      size,
      /its weights in unet\/model\.onnx_data need 13712 bytes, got 1000/,
    ],
    [
      "weights behind a link that leads out of the folder",
      () =>
        variant("linked", (folder) => {
          rmSync(`${folder}/unet/model.onnx_data`);
          symlinkSync(`${anySize}/unet/model.onnx_data`, `${folder}/unet/model.onnx_data`);
        }),
      size,
      /unet\/model\.onnx_data is a link that leads out of the folder; copy its file there/,
    ],
    ...["scheduler/scheduler_config.json", "unet/model.onnx", "unet/config.json"].map(
      (path): [string, () => string, string[], RegExp] => [
        `${path} behind a link that leads out of the folder`,
        () =>
          variant(`linked-${basename(path)}`, (folder) => {
            rmSync(`${folder}/${path}`, { force: true });
            symlinkSync("/etc/passwd", `${folder}/${path}`);
          }),
        size,
        new RegExp(`${path} is a link that leads out of the folder; copy its file there\n$`),
      ],
    ),
    [
      "weights whose path leads out of the folder",
      () =>
        variant("outside", (folder) => {
          const model = readFileSync(`${folder}/unet/model.onnx`, "latin1");
          const moved = model.replaceAll("model.onnx_data", "../../onnx_data");
          writeFileSync(`${folder}/unet/model.onnx`, moved, "latin1");
        }),
      size,
      /"\.\.\/\.\.\/onnx_data"; only a relative path below the model's folder is allowed/,
    ],
  ];
  test.each(cases)("%s", (_, make, flags, message) =>
    expectRefusal(["sample", "--model", make(), ...flags, "--out", at("never.npy")], message),
  );

  function cut(path: string, bytes: number): void {
    writeFileSync(path, readFileSync(path).subarray(0, bytes));
  }
});
