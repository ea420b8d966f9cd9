import { constant, type Expr, input } from "@gen/graph";
import { fileOf } from "@gen/graph/onnx";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { afterAll, describe, expect, test } from "vitest";
import { goldenRuns, modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { controlledUnet } from "../src/control/controlled-unet.ts";
import { residualInputs, residualNames } from "../src/control/residual-names.ts";
import { openImageModel } from "../src/index.ts";
import { distance, farFromGolden, type Read, tensorsOf } from "./golden-runs.ts";

// Runs of diffusers 0.39 with ControlNets: tooling/reference/folders/control.py.
const backend = onnxBackend({ provider: "cpu" });
afterAll(async () => (await backend).close());

/** A folder whose UNet takes residuals; the other parts are those of `base`. */
function controlled(name: string, base: string): Read {
  const [own, other] = [modelFolder(name).read, modelFolder(base).read];
  return async (path) => (await own(path)) ?? other(path);
}

const opener = (read: Read) => async (path: string) => {
  const bytes = await read(path);
  return bytes && { ...fileOf(bytes), beside: async () => undefined };
};

const runs = (
  [
    ["control", "sd1"],
    ["control-xl", "sdxl"],
  ] as const
).flatMap(([name, base]) => {
  const { cases, tensors } = goldenRuns(name, "control");
  return cases.map(
    (run) => [name, run.name, { run, tensors, read: controlled(name, base) }] as const,
  );
});

const imageOf = (golden: Uint8Array, index: number) => ({
  data: Float32Array.from(tensorsOf(golden)[`image.${index}`].data as Uint8Array, (v) => v / 255),
  shape: [3, 64, 64],
});

/** The second image in [-1, 1], which image to image starts from. */
function startOf(golden: Uint8Array, strength: number) {
  const { data, shape } = imageOf(golden, 1);
  return { image: { data: data.map((v) => 2 * v - 1), shape }, strength };
}

const controlOf = ({ run, tensors }: (typeof runs)[number][2]) =>
  (run.nets ?? []).map(({ net: _, image, ...options }) => ({
    ...options,
    image: imageOf(tensors, image),
  }));

describe.each(runs)("%s, %s", (name, _, golden) => {
  const { run, tensors, read } = golden;
  const paths = (run.nets ?? []).map(({ net }) => `${net}/model.onnx`);

  test.each(
    name === "control-xl" || run.name === "two"
      ? [
          ["read as graphs", {}],
          ["as whole files", { open: opener(read), wholeAbove: 0 }],
        ]
      : [["read as graphs", {}]],
  )("has PyTorch's latents and pictures with models %s", async (_, reading) => {
    const controlNets = paths.map((path) => ({ read, path, ...reading }));
    const model = await openImageModel(read, { backend, controlNets, ...reading });
    const { latents, levels, pictures } = await farFromGolden(run, tensorsOf(tensors), (options) =>
      run.strength === undefined
        ? model.textToImage({ ...options, control: controlOf(golden) })
        : model.imageToImage({
            ...options,
            ...startOf(tensors, run.strength),
            control: controlOf(golden),
          }),
    );
    expect(latents).toBeLessThan(1e-3);
    expect(levels).toBeLessThan(2);
    expect(pictures.notes).toEqual([]);
  });
});

const [[, , { tensors, read }]] = runs;
const path = "controlnet/model.onnx";
const tiny = { prompt: "a fox", steps: 2, seed: 1 };
const image = imageOf(tensors, 0);

describe("a UNet that takes residuals", () => {
  test("gets zeros without a ControlNet, as with a scale of 0, at the size of the image", async () => {
    const plain = await openImageModel(read, { backend });
    const model = await openImageModel(read, { backend, controlNets: [{ read, path }] });
    const [width, height] = [48, 80];
    const own = {
      data: new Float32Array(3 * width * height).fill(0.5),
      shape: [3, height, width],
    };
    const off = await model.textToImage({ ...tiny, control: [{ image: own, scale: 0 }] });
    const none = await plain.textToImage({ ...tiny, size: [width, height] });
    // The size is the image's.
    expect(off.shape).toEqual([1, 3, height, width]);
    expect(distance(none.images, off.images)).toBeLessThan(1e-5);
  });

  test("runs on TensorFlow.js too", async () => {
    const tfjs = await tfjsBackend({ device: "cpu" });
    const [, , golden] = runs.find(([, name]) => name === "unguided") as (typeof runs)[number];
    const model = await openImageModel(read, { backend: tfjs, controlNets: [{ read, path }] });
    const { latents } = await farFromGolden(golden.run, tensorsOf(tensors), (options) =>
      model.textToImage({ ...options, control: controlOf(golden) }),
    );
    expect(latents).toBeLessThan(1e-3);
    await tfjs.close();
  });

  test("fills in no tensor of any size that a file asks for", () => {
    const unet = {
      ...{ outputNames: ["y"], parameters: [], randomOperations: [], quantized: false },
      signature: {
        sample: { shape: [1, 4, 8, 8], dtype: "float32" },
        timestep: { shape: [], dtype: "float32" },
        down_block_0: { shape: [1, 2 ** 20, 2 ** 20, 1], dtype: "float32" },
        mid_block: { shape: [1, 4, 8, 8], dtype: "float32" },
      },
      apply: ({ sample }: Record<string, Expr>) => ({ y: sample }),
    } as const;
    const { apply } = controlledUnet(unet, [], {});
    const given = { sample: input("x", { shape: [1, 4, 8, 8] }), timestep: constant(0) };
    expect(() => apply(given)).toThrow(
      "[1, 1048576, 1048576, 1] has more than the 268435456 numbers",
    );
  });

  test("serves several calls of one program, each with its own image", async () => {
    const model = await openImageModel(read, { backend, controlNets: [{ read, path }] });
    const draw = (k: number, scale: number) =>
      model.textToImage({ ...tiny, control: [{ image: imageOf(tensors, k), scale }] });
    const [a, b, again] = [await draw(0, 1), await draw(1, 1), await draw(0, 1)];
    expect(again.images).toEqual(a.images);
    expect(distance(a.images, b.images)).toBeGreaterThan(0.01);
  });
});

describe("residuals are found among names of", () => {
  const shape = ["b", 8, "h", "w"];
  const signatureOf = (names: readonly string[]) => ({
    sample: { shape },
    timestep: { shape: [] },
    encoder_hidden_states: { shape: ["b", 77, 8] },
    ...Object.fromEntries(names.map((name) => [name, { shape }])),
  });
  const count = Array.from({ length: 12 }, (_, i) => i);

  test.each([
    ["diffusers", count.map((i) => `down_block_res_samples_${i}`), "mid_block_res_sample"],
    ["an example", count.map((i) => `down_block_${i}`), "mid_block_additional_residual"],
    [
      "ONNX Runtime's examples",
      count.map((i) => `down_block_${i}_additional_residual`),
      "mid_block_additional_residual",
    ],
    [
      "OpenVINO's notebooks",
      [
        ...count.slice(1).map((i) => `down_block_additional_residual_${2 * i - 1}`),
        "down_block_additional_residual",
      ],
      "mid_block_additional_residual",
    ],
    ["Apple", count.map((i) => `additional_residual_${i}`), "additional_residual_12"],
    ["a tracer", ["onnx::Add_7", "input.9", "onnx::Add_11"], "input"],
  ])("%s", (family, down, mid) => {
    const wanted = { down, mid };
    const isOrdered = family === "a tracer";
    const sorted = isOrdered ? down : down.toSorted();
    expect(residualInputs(signatureOf([...sorted, mid]), "sample")).toEqual(wanted);
    if (isOrdered || family === "Apple") return;
    expect(residualNames([mid, ...down.toReversed()])).toEqual(wanted);
  });

  test("a UNet without them: none", () => {
    expect(residualInputs(signatureOf([]), "sample")).toBeUndefined();
  });
});

describe("a ControlNet is refused", () => {
  const sd1 = modelFolder("sd1").read;
  const xl = modelFolder("control-xl").read;
  const nets = [{ read, path }];

  test.each([
    [
      "where the UNet takes no residuals",
      sd1,
      nets,
      /^unet\/model.onnx: the denoiser takes no residuals of a ControlNet, its inputs are sample, timestep, encoder_hidden_states: export the UNet with/,
    ],
    [
      "where its file is missing",
      read,
      [{ read }],
      /controlNets\[0\]: model.onnx is missing: a ControlNet makes residuals of an image/,
    ],
    [
      "by the name that the caller gives",
      read,
      [{ read, name: "pose" }],
      /^pose: model.onnx is missing/,
    ],
    [
      "where its safetensors alone are there",
      read,
      [{ read: async (p: string) => (p.endsWith("config.json") ? read(p) : undefined), path }],
      /controlnet\/model.onnx is missing: .* config.json alone is there: safetensors/,
    ],
    [
      "that is no ControlNet",
      read,
      [{ read: sd1, path: "unet/model.onnx" }],
      /controlNets\[0\] gives 1 results and the UNet takes 5 residuals: it is of another base model/,
    ],
  ])("%s", async (_, folder, controlNets, message) => {
    await expect(openImageModel(folder, { backend, controlNets })).rejects.toThrow(message);
  });

  test.each([
    [undefined, /control must be given for each of the 1 ControlNets .* got 0/],
    [[{ image }, { image }], /got 2/],
    [
      [{ image: { ...image, shape: [3, 32, 64] } }],
      /control\[0\].image must be \[3, 32, 64\] in \[0, 1\].*got 12288 numbers of \[3, 32, 64\]/,
    ],
    [[{ image, start: 2 }], /control/],
  ])("with the options %#", async (control, message) => {
    const model = await openImageModel(read, { backend, controlNets: nets });
    await expect(model.textToImage({ ...tiny, control })).rejects.toThrow(message);
  });

  test("of a model that takes what the UNet lacks", async () => {
    const model = await openImageModel(read, { backend, controlNets: [{ read: xl, path }] });
    await expect(model.textToImage({ ...tiny, control: [{ image }] })).rejects.toThrow(
      /controlNets\[0\] takes text_embeds, which the UNet does not have/,
    );
  });
});
