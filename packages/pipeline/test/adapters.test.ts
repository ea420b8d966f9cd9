import { readSafetensors, writeSafetensors } from "@gen/data";
import { fileOf } from "@gen/graph/onnx";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { afterAll, describe, expect, test } from "vitest";
import { goldenRuns, modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { openImageModel } from "../src/index.ts";
import { distance, farFromGolden, type Read, tensorsOf } from "./golden-runs.ts";

// Runs of diffusers 0.39 with LoRAs and learned words: tooling/reference/folders/adapters.py.
const backend = onnxBackend({ provider: "cpu" });
afterAll(async () => (await backend).close());

/** Opens a folder's files without a path, as a page does. */
const opener = (read: Read) => async (path: string) => {
  const bytes = await read(path);
  const beside = async (location: string) => {
    const found = await read(path.replace(/[^/]+$/, location));
    return found && fileOf(found);
  };
  return bytes && { ...fileOf(bytes), beside };
};

const runs = ["sd1", "sdxl", "flux", "sd35"].flatMap((name) => {
  const { cases, tensors, file } = goldenRuns(name, "adapters");
  return cases.map((run) => [name, run.name, { run, tensors, file }] as const);
});

const adaptersOf = ({ run, file }: (typeof runs)[number][2]) => ({
  loras: (run.loras ?? []).map(([name, strength]) => ({ bytes: file(name), strength })),
  embeddings: Object.fromEntries(
    Object.entries(run.words ?? {}).map(([word, name]) => [word, file(name)]),
  ),
});

describe.each(runs)("%s, %s", (name, _, golden) => {
  const { read } = modelFolder(name);

  const ways = [
    ["read as graphs", {}],
    ["as whole files", { open: opener(read), wholeAbove: 0 }],
  ] as const;
  // One run of each folder stands for all ways.
  const isShown = golden.run.name === (name === "sd1" ? "words" : "kohya");

  test.each(isShown ? ways : ways.slice(0, 1))(
    "has PyTorch's latents and pictures with models %s",
    async (_, reading) => {
      const model = await openImageModel(read, { backend, ...reading, ...adaptersOf(golden) });
      const { latents, levels, pictures } = await farFromGolden(
        golden.run,
        tensorsOf(golden.tensors),
        (options) => model.textToImage(options),
      );
      expect(latents).toBeLessThan(1e-3);
      expect(levels).toBeLessThan(2);
      const isPartial = name === "flux" && golden.run.name === "kohya";
      const note = /9 of 84 keys are for layers outside of the blocks, which diffusers leaves out/;
      expect(pictures.notes).toEqual(isPartial ? [expect.stringMatching(note)] : []);
    },
  );
});

test("runs are far from the pictures without their LoRAs and words", async () => {
  for (const [name, , golden] of runs.filter(
    ([name, run]) => /^(flux|sd35)$/.test(name) || run === "words",
  )) {
    const model = await openImageModel(modelFolder(name).read, { backend });
    const { levels } = await farFromGolden(golden.run, tensorsOf(golden.tensors), (options) =>
      model.textToImage(options),
    );
    expect(levels).toBeGreaterThan(10);
  }
});

const { file } = goldenRuns("sd1", "adapters");
const { read } = modelFolder("sd1");
const kohya = file("kohya");
const tiny = { prompt: "a <toy> fox", steps: 2, seed: 1 };

test("weights beside a model are changed too, whichever way they are read, and no file is written over", async () => {
  const outside = modelFolder("sd1-external").read;
  const mixed: Read = async (path) => (await outside(path)) ?? read(path);
  const files = new Map<string, Uint8Array | undefined>();
  const kept: Read = async (path) => {
    if (!files.has(path)) files.set(path, await mixed(path));
    return files.get(path);
  };
  const loras = [{ bytes: kohya, strength: 0.8 }];
  const embeddings = { "<toy>": file("toy") };
  const wanted = await openImageModel(read, { backend, loras, embeddings });
  const { images } = await wanted.textToImage(tiny);
  for (const reading of [{}, { open: opener(kept), wholeAbove: 0 }]) {
    const model = await openImageModel(kept, { backend, ...reading, loras, embeddings });
    expect(distance((await model.textToImage(tiny)).images, images)).toBeLessThan(1e-4);
  }
  for (const [path, bytes] of files) {
    const again = await mixed(path);
    expect(bytes && Buffer.compare(bytes, again as Uint8Array), path).toBe(again && 0);
  }
});

test("a LoRA for one encoder reads no other model twice, and its notes reach the pictures", async () => {
  const { tensors } = readSafetensors(kohya);
  const part = Object.fromEntries(
    Object.entries(tensors).filter(([key]) => key.startsWith("lora_te_")),
  );
  const strange = writeSafetensors({ ...part, strange: { shape: [1], data: new Float32Array(1) } });
  const paths: string[] = [];
  const watched: Read = async (path) => {
    paths.push(path);
    return read(path);
  };
  const model = await openImageModel(watched, {
    backend,
    loras: [{ bytes: strange, name: "mine" }],
  });
  const { notes } = await model.textToImage(tiny);
  expect(notes).toEqual([
    expect.stringMatching(/^mine: 1 of 37 keys fit no weight, such as "strange"/),
  ]);
  expect(paths.filter((path) => path === "unet/model.onnx")).toHaveLength(1);
});

describe("refused by name", () => {
  const floats = (...shape: number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1),
  });
  const pair = (path: string, out: number, inner: number) => ({
    [`${path}.lora_up.weight`]: floats(out, 2),
    [`${path}.lora_down.weight`]: floats(2, inner),
  });

  test.each([
    [
      { loras: [{ bytes: writeSafetensors(pair("lora_unet_x", 2, 2)), name: "fox.safetensors" }] },
      /^fox.safetensors fits no weight of unet/,
    ],
    [
      { loras: [{ bytes: writeSafetensors(pair("transformer.x", 2, 2) as never) }] },
      /^loras\[0\] is no LoRA of a known layout|^loras\[0\] fits no weight/,
    ],
    [
      { embeddings: { "<toy>": writeSafetensors({ "<toy>": floats(2, 9) }) } },
      /^"<toy>" has vectors of 9 numbers, and the text encoders take 32: it belongs to another base/,
    ],
    [
      { embeddings: { "<toy>": writeSafetensors({ clip_g: floats(2, 32) }) } },
      /^"<toy>" has vectors of 32 \(clip_g\) numbers/,
    ],
    [{ embeddings: { re: file("toy") } }, /the word "re" is in the vocabulary already/],
    [{ loras: [{ bytes: new Uint8Array(9) }] }, /loras\[0\]/],
  ])("%#", async (options, message) => {
    await expect(openImageModel(read, { backend, ...options })).rejects.toThrow(message);
  });
});
