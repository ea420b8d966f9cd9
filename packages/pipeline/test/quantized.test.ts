import { readSafetensors, writeSafetensors } from "@gen/data";
import { cast, type DType, type Tensor, tensor, trace } from "@gen/graph";
import { fileOf } from "@gen/graph/onnx";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { afterAll, describe, expect, test } from "vitest";
import { goldenRuns, modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { runOnnx } from "../../../tooling/fixtures/run-onnx.ts";
import { loadModel, openImageModel } from "../src/index.ts";
import { distance, farFromGolden, tensorsOf } from "./golden-runs.ts";

// Models and outputs of onnxruntime 1.32 in Python: tooling/reference/folders/quantized.py.
const backends: Record<string, Promise<Backend<unknown>>> = {
  native: onnxBackend({ provider: "cpu" }),
  wasm: onnxBackend({ provider: "wasm" }),
};
afterAll(async () => {
  for (const backend of Object.values(backends)) await (await backend).close();
});

const folder = modelFolder("quantized");
const outputs = tensorsOf(folder.tensors());
const forms = folder.paths.filter((path) => path.endsWith(".onnx"));
// A quantized model goes whole where its file can be opened, however small it is.
const whole = {
  open: async (path: string) => {
    const bytes = await folder.read(path);
    return bytes && fileOf(bytes);
  },
};

const wave = (n: number, f: (x: number) => number) => Array.from({ length: n }, (_, i) => f(i));
const unetInputs = {
  sample: tensor(
    wave(512, (i) => Math.sin(i * 0.7)),
    [2, 4, 8, 8],
  ),
  timestep: tensor([501], []),
  encoder_hidden_states: tensor(
    wave(4928, (i) => Math.cos(i * 0.3)),
    [2, 77, 32],
  ),
};
const ids = [598, 40, 41, 42, ...Array(73).fill(599)];

const inputsOf = (path: string, idType: DType = "int64"): Record<string, Tensor> =>
  path.startsWith("text") ? { input_ids: tensor(ids, [1, 77], idType) } : unetInputs;

/** The first output of a file on a backend. */
async function run(path: string, backend: Promise<Backend<unknown>>, reading = {}) {
  const model = await loadModel(folder.read, path, reading);
  if (!model) throw new Error(`no ${path}`);
  const { signature, outputNames } = model;
  const inputs = inputsOf(path, signature.input_ids?.dtype);
  const graph = trace(
    (given: Parameters<typeof model.apply>[0]) => ({
      y: cast(model.apply(given)[outputNames[0]], "float32"),
    }),
    inputs,
  );
  const program = await (await backend).compile(graph);
  try {
    return (await callProgram(await backend, program, inputs)).y;
  } finally {
    await program.dispose();
  }
}

describe.each(forms)("%s", (path) => {
  const { data } = outputs[path.replace(".onnx", "")];
  const most = distance(data, new Float32Array(data.length));
  // Kernels that round activations to int8 turn differences of 1e-7 into steps of 1 / 255 of their
  // range: builds and forms of a graph then differ, and the runtime alone does so too.
  const rounds = !["nbits.onnx", "text-blocks.onnx"].includes(path);

  // The build for pages takes seconds to start a session, so two forms stand for all.
  const names = ["dynamic.onnx", "nbits.onnx"].includes(path) ? ["native", "wasm"] : ["native"];

  test.each(names)("gives onnxruntime's numbers on %s, either way", async (name) => {
    for (const reading of [{}, whole]) {
      const found = await run(path, backends[name], reading);
      expect(distance(found, data) / most).toBeLessThan(rounds ? 0.1 : 1e-5);
    }
  });

  test("given whole is onnxruntime's alone", async () => {
    // Its kernels round as the processor has them, so it runs here too.
    const bytes = await folder.read(path);
    const alone = Object.values(await runOnnx(bytes ?? new Uint8Array(), inputsOf(path)))[0];
    expect(Array.from(await run(path, backends.native, whole), Number)).toEqual(alone.data);
  });

  test("is refused by name where no runtime runs it", async () => {
    await expect(run(path, Promise.resolve(cpuBackend()))).rejects.toThrow(
      /^cpu cannot run .*(Dequantize|QuantizeLinear|MatMulNBits).*; the backends of @gen\/runtime-gpu\/onnx can$/,
    );
  });
});

test("a model stays a graph where its file cannot be opened, or every model is to be read", async () => {
  for (const reading of [{}, { ...whole, wholeAbove: Infinity }]) {
    const model = await loadModel(folder.read, "nbits.onnx", reading);
    expect([model?.quantized, (model?.parameters.length ?? 0) > 0]).toEqual([true, true]);
  }
  const kept = await loadModel(folder.read, "nbits.onnx", whole);
  expect([kept?.quantized, kept?.parameters]).toEqual([true, []]);
});

test("a LoRA that would change quantized weights is refused", async () => {
  const base = modelFolder("sd1").read;
  const read = async (path: string) =>
    path === "unet/model.onnx" ? folder.read("dynamic.onnx") : base(path);
  const { tensors } = readSafetensors(goldenRuns("sd1", "adapters").file("kohya"));
  const ofUnet = Object.entries(tensors).filter(([key]) => key.startsWith("lora_unet"));
  const loras = [{ bytes: writeSafetensors(Object.fromEntries(ofUnet)), name: "fox" }];
  await expect(openImageModel(read, { backend: backends.native, loras })).rejects.toThrow(/^fox /);
});

describe.each(goldenRuns("quantized", "quantized").cases.map((run) => [run.name, run] as const))(
  "a UNet as %s",
  (name, run) => {
    const golden = tensorsOf(goldenRuns("quantized", "quantized").tensors);
    const base = modelFolder("sd1").read;
    const read = async (path: string) => {
      if (path === "unet/model.onnx") return folder.read(`${name}.onnx`);
      return (await folder.read(path)) ?? base(path);
    };

    test("samples as diffusers' pipeline with onnxruntime's session", async () => {
      const open = async (path: string) => {
        const bytes = await read(path);
        return bytes && fileOf(bytes);
      };
      const model = await openImageModel(read, { backend: backends.native, open });
      const { latents, levels } = await farFromGolden(run, golden, (o) => model.textToImage(o));
      const tolerance = { dynamic: 1e-3, nbits: 1e-3, int4: 1e-2, qdq: 5e-2 }[name] ?? 0;
      expect(latents).toBeLessThan(tolerance);
      if (tolerance < 1e-2) expect(levels).toBeLessThan(2);
    });
  },
);
