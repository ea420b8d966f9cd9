import { add, cast, type Expr, mul, reshape, trace } from "@gen/graph";
import { type OnnxModel, toOnnx } from "@gen/graph/onnx";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { afterAll, expect, test } from "vitest";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import {
  describeFolder,
  loadModel,
  loadPipeline,
  type ReadFile,
  textToImage,
} from "../src/index.ts";

// What exporters call files and inputs, on folders of tooling/reference/folders.

const onnx = onnxBackend({ provider: "cpu" });
afterAll(async () => (await onnx).close());

const sd1 = modelFolder("sd1").read;
const call = { backend: onnx, prompt: "a red fox", steps: 2, guidance: 3, torchSeed: 1 };

/** The folder with its parts' models under another name. */
const renamed =
  (file: string): ReadFile =>
  async (path) => {
    const [part, ...rest] = path.split("/");
    if (path.endsWith("/model.onnx") && rest.length === 1) return undefined;
    return rest.join("/") === file ? sd1(`${part}/model.onnx`) : sd1(path);
  };

test.each([
  "onnx/model.onnx",
  "model_optimized.onnx",
  "model_fp16.onnx",
  "onnx/model_fp16.onnx",
  "model_quantized.onnx",
  "onnx/model_quantized.onnx",
])("a part's model may be %s", async (file) => {
  const read = renamed(file);
  const found = await describeFolder(read);
  expect(found.missing).toEqual([]);
  expect(found.parts.map(({ model }) => model)).toContain(`unet/${file}`);
  const { images } = await textToImage(read, call);
  expect(images).toEqual((await textToImage(sd1, call)).images);
});

const isModel = (path: string) => /\.(onnx|onnx_data|pb)$/.test(path);
const moved =
  (isBelow: (path: string) => boolean, source: ReadFile = sd1): ReadFile =>
  async (path) => {
    const inside = path.replace(/^onnx\//, "");
    return isBelow(inside) === (inside !== path) ? source(inside) : undefined;
  };

test.each([
  ["the whole folder", () => true],
  ["what no pipeline of PyTorch has", (path: string) => isModel(path) || /^vae_/.test(path)],
] as const)("%s may lie below onnx/", async (_, isBelow) => {
  const read = moved(isBelow);
  const found = await describeFolder(read);
  const whole = await describeFolder(sd1);
  const models = ["unet", "text_encoder", "vae_decoder", "vae_encoder"];
  expect(found.parts.map(({ model }) => model)).toEqual(
    models.map((part) => `onnx/${part}/model.onnx`),
  );
  expect({ ...found, parts: [], tokenizers: [] }).toEqual({ ...whole, parts: [], tokenizers: [] });
  expect(
    found.tokenizers.flatMap(({ files }) => files.map((file) => file.split("/").pop())),
  ).toEqual(whole.tokenizers.flatMap(({ files }) => files.map((file) => file.split("/").pop())));
  const { images, notes } = await textToImage(read, call);
  const wanted = await textToImage(sd1, call);
  expect(images).toEqual(wanted.images);
  expect(notes).toEqual(wanted.notes);
});

test("weights beside a model below onnx/ are read there, and errors name the file there", async () => {
  const outside = modelFolder("sd1-external").read;
  const mixed: ReadFile = async (path) => (await outside(path)) ?? sd1(path);
  const { images } = await textToImage(
    moved(() => true, mixed),
    call,
  );
  expect(images).toEqual((await textToImage(mixed, call)).images);
  const damaged: ReadFile = async (path) =>
    path === "onnx/scheduler/scheduler_config.json" ? new Uint8Array(3) : moved(() => true)(path);
  await expect(loadPipeline(damaged)).rejects.toThrow(/^onnx\/scheduler\/scheduler_config.json: /);
});

test("model.onnx counts before other files, which are not read", async () => {
  const paths: string[] = [];
  const read: ReadFile = async (path) => {
    paths.push(path);
    return sd1(path);
  };
  await loadPipeline(read);
  const models = paths.filter((path) => path.endsWith(".onnx"));
  expect(models.sort()).toEqual(
    ["unet", "vae_decoder", "vae_encoder"].map((part) => `${part}/model.onnx`),
  );
});

test("the states of a prompt go to the input with a row for each token, whatever its name", async () => {
  const unet = (await loadModel(sd1, "unet/model.onnx")) as OnnxModel;
  const graph = trace(
    ({ x, t, context }) => {
      const inputs = { sample: x, timestep: t, encoder_hidden_states: context };
      return { prediction: unet.apply(inputs).out_sample };
    },
    {
      x: { shape: ["batch", 4, 8, 8] },
      t: { shape: [] },
      context: { shape: ["batch", 77, 32] },
    },
  );
  const file = toOnnx(graph);
  const read: ReadFile = async (path) => (path === "unet/model.onnx" ? file : sd1(path));
  const { images } = await textToImage(read, call);
  const wanted = (await textToImage(sd1, call)).images;
  expect(Math.max(...images.map((value, i) => Math.abs(value - wanted[i])))).toBeLessThan(1e-5);
});

test("without an index, or without its class, the parts that are there encode", async () => {
  const { read } = modelFolder("sd3");
  const index = JSON.parse(new TextDecoder().decode(await read("model_index.json")));
  const without = { text_encoder_3: [null, null], tokenizer_3: [null, null] };
  const { _class_name: _, ...unnamed } = { ...index, ...without };
  const indexed =
    (value: object | undefined): ReadFile =>
    async (path) => {
      if (/_3\//.test(path)) return undefined;
      if (path !== "model_index.json") return read(path);
      return value && new TextEncoder().encode(JSON.stringify(value));
    };
  const [wanted, ...found] = await Promise.all(
    [{ ...index, ...without }, unnamed, undefined].map(async (value) => {
      const { images } = await textToImage(indexed(value), { ...call, steps: 1 });
      return images;
    }),
  );
  for (const images of found) expect(images).toEqual(wanted);
});

// As `timestep.astype(int64)` of optimum-onnx 0.1 and diffusers' OnnxStableDiffusionPipeline.
test.each(["int64", "int32", "float32"] as const)(
  "a time between two steps reaches an input of %s",
  async (dtype) => {
    const graph = trace(
      ({ sample, timestep }: Record<string, Expr>) => {
        const time = reshape(cast(timestep, "float32"), ["batch", 1]);
        return { out_sample: add(mul(sample, 0), time) };
      },
      { sample: { shape: ["batch", 1] }, timestep: { shape: ["batch"], dtype } },
    );
    const files: Record<string, Uint8Array | undefined> = {
      "unet/model.onnx": toOnnx(graph),
      "scheduler/scheduler_config.json": await sd1("scheduler/scheduler_config.json"),
    };
    const { denoiser } = await loadPipeline(async (path) => files[path]);
    const run = trace(({ x, t }) => ({ y: denoiser.apply(x, t) }), {
      x: { shape: [1, 1] },
      t: { shape: [1] },
    });
    const backend = await onnx;
    const program = await backend.compile(run);
    const t = Float32Array.of(749.75);
    const { y } = await callProgram(backend, program, {
      x: { data: Float32Array.of(1), shape: [1, 1] },
      t: { data: t, shape: [1] },
    });
    await program.dispose();
    expect(Array.from(y)).toEqual([dtype === "float32" ? 749.75 : 749]);
  },
);
