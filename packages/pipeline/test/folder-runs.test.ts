import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readSafetensors } from "@gen/data";
import { type Expr, type Tensor, trace } from "@gen/graph";
import { fileOf, type WholeFile, wholeModel } from "@gen/graph/onnx";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { type DiffusionPipeline, generate, schedulerSteps, torchNoise } from "@gen/sampling";
import { readSchedulerConfig, type SchedulerConfig } from "@gen/schedules";
import { afterAll, describe, expect, test } from "vitest";
import { type GoldenCase, modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { loadModel, loadPipeline } from "../src/index.ts";
import { unpacked } from "./unpacked.ts";

// Folders and latents of diffusers 0.39, PyTorch 2.15: tooling/reference/folders.

const backends = {
  onnx: onnxBackend({ provider: "cpu" }),
  tfjs: tfjsBackend({ device: "cpu" }),
  cpu: Promise.resolve(cpuBackend()),
};
afterAll(async () => {
  for (const backend of Object.values(backends)) await (await backend).close();
});

type Tensors = Record<string, Tensor>;

const tensorsOf = (folder: ReturnType<typeof modelFolder>): Tensors =>
  readSafetensors(folder.tensors()).tensors as unknown as Tensors;

const floats = (...data: number[]): Tensor => ({
  data: Float32Array.from(data),
  shape: [1, data.length],
  dtype: "float32",
});
const zeros = ({ data, shape }: Tensor): Tensor => ({
  data: new Float32Array(data.length),
  shape,
  dtype: "float32",
});

interface Conditions {
  readonly condition: Record<string, Tensor>;
  readonly unconditional?: Record<string, Tensor>;
}

/** What each folder's real pipeline gives its denoiser beside x and t. */
const conditions: Record<string, (t: Tensors, c: GoldenCase) => Conditions> = {
  sd1: (t) => ({
    condition: { encoder_hidden_states: t.prompt },
    unconditional: { encoder_hidden_states: t.other },
  }),
  inpaint: (t) => {
    const data = Float32Array.from([...t.mask.data, ...t.masked.data].map(Number));
    const concat: Tensor = { data, shape: [1, 5, 8, 8], dtype: "float32" };
    return {
      condition: { concat, encoder_hidden_states: t.prompt },
      unconditional: { concat, encoder_hidden_states: t.other },
    };
  },
  sdxl: (t) => xl(t, floats(64, 64, 0, 0, 64, 64)),
  refiner: (t) => xl(t, floats(64, 64, 0, 0, 6), floats(64, 64, 0, 0, 2.5)),
  lcm: (t) => ({
    condition: { encoder_hidden_states: t.prompt, timestep_cond: t.timestep_cond },
  }),
  sd3: (t) => ({
    condition: { encoder_hidden_states: t.prompt, pooled_projections: t.pooled },
    unconditional: { encoder_hidden_states: zeros(t.prompt), pooled_projections: zeros(t.pooled) },
  }),
  flux: (t, c) => ({
    condition: {
      encoder_hidden_states: t.prompt,
      pooled_projections: t.pooled,
      guidance: { data: Float32Array.of(Number(c.guidance_scale)), shape: [1], dtype: "float32" },
    },
  }),
  dit: () => ({
    condition: { class_labels: label(3) },
    unconditional: { class_labels: label(1000) },
  }),
  ddpm: () => ({ condition: {} }),
};
conditions.legacy = conditions.sd1;
const label = (i: number): Tensor => ({
  data: BigInt64Array.of(BigInt(i)),
  shape: [1],
  dtype: "int64",
});

function xl(t: Tensors, ids: Tensor, other = ids): Conditions {
  return {
    condition: { encoder_hidden_states: t.prompt, text_embeds: t.pooled, time_ids: ids },
    unconditional: {
      encoder_hidden_states: zeros(t.prompt),
      text_embeds: zeros(t.pooled),
      time_ids: other,
    },
  };
}

/** The largest distance of any step's latents from PyTorch's, over the largest of these. */
async function distance<T>(
  pipeline: DiffusionPipeline<SchedulerConfig>,
  name: string,
  tensors: Tensors,
  run: GoldenCase,
  backend: Promise<Backend<T>>,
): Promise<number> {
  const golden = tensors[`${run.name}.latents`];
  const size = pipeline.shape.reduce((a, b) => a * b, 1);
  const steps = golden.data.length / size - 1;
  const wanted = Array.from({ length: steps + 1 }, (_, i) => {
    const part = (golden.data as Float32Array).slice(i * size, (i + 1) * size);
    return name === "flux" ? unpacked(part, pipeline.shape) : part;
  });
  const scheduler = readSchedulerConfig(JSON.stringify(run.scheduler));
  const strength =
    run.strength === undefined || run.strength === 1 ? {} : { strength: run.strength };
  const table = schedulerSteps(scheduler, { steps: run.steps, imageLength: 16, ...strength });
  // Euler's x is diffusers' over sqrt(sigma^2 + 1).
  const isScaled = String(scheduler.className).startsWith("Euler");
  const scale = (i: number) => (isScaled ? Math.hypot(1, table.sigmas?.[i] ?? 0) : 1);
  const offset = (table.sigmas?.length ?? 0) - 1 - steps;
  const start = wanted[0].map((v) => v / scale(offset) / table.initialScale);
  const { condition, unconditional } = conditions[name](tensors, run);
  const guidance = unconditional && { scale: Number(run.guidance_scale), unconditional };
  const found: number[] = [];
  const largest = Math.max(...wanted.flatMap((values) => Array.from(values, Math.abs)));
  await generate(
    { ...pipeline, scheduler, vae: undefined },
    {
      backend,
      steps: run.steps,
      ...strength,
      condition,
      ...(guidance && { guidance }),
      noise: (shape, part) => {
        const seeded = torchNoise(run.seed, shape, part);
        return run.strength === undefined || run.strength === 1
          ? seeded
          : { x: start, noise: seeded.noise };
      },
      onStep: async ({ step, x }) => {
        const values = Array.from(await x(), (v) => v * scale(offset + step + 1));
        const wrong = values.map((v, i) => Math.abs(v - wanted[step + 1][i]));
        found.push(Math.max(...wrong) / largest);
      },
    },
  );
  expect(found).toHaveLength(steps);
  return Math.max(...found);
}

const sizes: Record<string, readonly (number | undefined)[]> = { legacy: [undefined, 8, 8] };

describe.each(Object.keys(conditions))("the latents of each step of %s are PyTorch's", (name) => {
  const folder = modelFolder(name);
  test.each(folder.cases.map((c) => [c.name, c] as const))("%s", async (_, run) => {
    const pipeline = await loadPipeline(folder.read, { shape: sizes[name] });
    const tensors = tensorsOf(folder);
    expect(await distance(pipeline, name, tensors, run, backends.onnx)).toBeLessThan(1e-3);
  });
});

/** Opens files in memory, as `loadPipeline` takes them for models that stay whole. */
const opener =
  (read: ReturnType<typeof modelFolder>["read"]) =>
  async (path: string): Promise<WholeFile | undefined> => {
    const bytes = await read(path);
    const beside = (location: string) => opener(read)(join(dirname(path), location));
    return bytes && { ...fileOf(bytes), beside };
  };

test.each([...Object.keys(conditions), "sd1-fp16"])(
  "%s samples alike as a whole file",
  async (name) => {
    const folder = modelFolder(name);
    const golden = modelFolder(name === "sd1-fp16" ? "sd1" : name);
    const whole = { open: opener(folder.read), wholeAbove: 0 };
    const pipeline = await loadPipeline(folder.read, { shape: sizes[name], ...whole });
    expect(pipeline.denoiser.parameters).toEqual([]);
    const [run] = golden.cases;
    const kind = name === "sd1-fp16" ? "sd1" : name;
    const error = await distance(pipeline, kind, tensorsOf(golden), run, backends.onnx);
    expect(error).toBeLessThan(name === "sd1-fp16" ? 1e-2 : 1e-3);
  },
);

test("a file on disk and its weights beside it are opened by ONNX Runtime", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gen-whole-"));
  const stored = modelFolder("sd1-external");
  stored.write(folder);
  const at = (path: string) => join(folder, "text_encoder", path);
  const partsOf = (path: string): WholeFile => ({
    path,
    size: statSync(path).size,
    read: async (offset, length) => readFileSync(path).subarray(offset, offset + length),
    beside: async (location) => partsOf(at(location)),
  });
  const model = await wholeModel(partsOf(at("model.onnx")));
  const { ids, prompt } = tensorsOf(modelFolder("sd1"));
  const outputs = await run(backends.onnx, (input_ids) => model.apply({ input_ids }), ids);
  expect(far(outputs.last_hidden_state, prompt)).toBeLessThan(1e-4);
  rmSync(folder, { recursive: true });
});

test.each(["this thread", "a thread"])(
  "a model and its weights beside it that are blobs run in %s",
  async (place) => {
    const { read } = modelFolder("sd1-external");
    const opened: string[] = [];
    const open = async (path: string) => {
      opened.push(path);
      return new Blob([(await read(path)) as Uint8Array<ArrayBuffer>]);
    };
    const path = "text_encoder/model.onnx";
    const model = await loadModel(read, path, { open, wholeAbove: 0 });
    expect(opened).toEqual([path, "text_encoder/model.onnx_data"]);
    const { ids, prompt } = tensorsOf(modelFolder("sd1"));
    const worker = place === "a thread";
    const backend = worker ? onnxBackend({ provider: "cpu", worker }) : backends.onnx;
    const outputs = await run(backend, (input_ids) => model?.apply({ input_ids }) ?? {}, ids);
    expect(far(outputs.last_hidden_state, prompt)).toBeLessThan(1e-4);
    if (worker) await (await backend).close();
  },
);

test("a blob cannot run in a process", async () => {
  const { read } = modelFolder("sd1");
  const open = async (path: string) => new Blob([(await read(path)) as Uint8Array<ArrayBuffer>]);
  const model = await loadModel(read, "text_encoder/model.onnx", { open, wholeAbove: 0 });
  const backend = onnxBackend({ provider: "cpu", isolate: true });
  const { ids } = tensorsOf(modelFolder("sd1"));
  await expect(run(backend, (input_ids) => model?.apply({ input_ids }) ?? {}, ids)).rejects.toThrow(
    "needs a path or its bytes to run in another process",
  );
  await (await backend).close();
});

test("a model that is opened and read is opened once", async () => {
  const { read } = modelFolder("sd1-external");
  const opened: string[] = [];
  const none = async (path: string) => {
    throw new Error(`${path} is read`);
  };
  const model = await loadModel(none, "text_encoder/model.onnx", {
    async open(path) {
      opened.push(path);
      return new Blob([(await read(path)) as Uint8Array<ArrayBuffer>]);
    },
  });
  expect(model?.parameters.length).toBeGreaterThan(0);
  expect(opened).toHaveLength(2);
});

test("a function that stops the loading has its own error", async () => {
  const { read } = modelFolder("sd1-external");
  const reason = new Error("enough");
  const stop = async (): Promise<never> => {
    throw reason;
  };
  const weights = (path: string) => (path.endsWith("_data") ? stop() : read(path));
  const path = "text_encoder/model.onnx";
  for (const options of [{ open: stop }, { readWeights: stop }]) {
    await expect(loadModel(weights, path, options)).rejects.toBe(reason);
  }
  const open = async (path: string) =>
    path.endsWith("_data") ? stop() : new Blob([(await read(path)) as Uint8Array<ArrayBuffer>]);
  await expect(loadModel(read, path, { open })).rejects.toBe(reason);
});

test("networks in halves stay within halves' rounding", async () => {
  const [whole, half] = [modelFolder("sd1"), modelFolder("sd1-fp16")];
  const pipeline = await loadPipeline(half.read);
  for (const run of whole.cases.filter(({ name }) => name !== "euler-a")) {
    const far = await distance(pipeline, "sd1", tensorsOf(whole), run, backends.onnx);
    expect(far, run.name).toBeLessThan(1e-2);
  }
});

test.each(["tfjs", "cpu"] as const)("they are on %s", async (name) => {
  const folder = modelFolder("flux");
  const pipeline = await loadPipeline(folder.read);
  const [run] = folder.cases;
  const far = await distance(pipeline, "flux", tensorsOf(folder), run, backends[name] as never);
  expect(far).toBeLessThan(1e-3);
});

/** The outputs of a graph of one input on a backend. */
async function run<T>(
  opening: Promise<Backend<T>>,
  f: (input: Expr) => Record<string, Expr>,
  input: Tensor,
): Promise<Record<string, number[]>> {
  const backend = await opening;
  const graph = trace(({ input }) => f(input), {
    input: { shape: input.shape, dtype: input.dtype },
  });
  const program = await backend.compile(graph);
  const outputs = await callProgram(backend, program, { input });
  await program.dispose();
  return Object.fromEntries(Object.entries(outputs).map(([k, v]) => [k, Array.from(v, Number)]));
}

const far = (a: readonly number[], b: Tensor) => {
  expect(a).toHaveLength(b.data.length);
  const wanted = Array.from(b.data, Number);
  return Math.max(...a.map((v, i) => Math.abs(v - wanted[i]))) / Math.max(...wanted.map(Math.abs));
};

describe.each(["onnx", "tfjs", "cpu"] as const)("on %s", (name) => {
  const encoders = [
    ["sd1", "text_encoder", "sd1", "ids", "last_hidden_state", "prompt"],
    ["sd1-external", "text_encoder", "sd1", "ids", "last_hidden_state", "prompt"],
    ["sdxl", "text_encoder_2", "sdxl", "ids", "text_embeds", "pooled"],
    ["sd3", "text_encoder_3", "sd3", "t5_ids", "last_hidden_state", "t5_states"],
  ] as const;
  test.each(encoders)(
    "%s's %s encodes text as PyTorch",
    async (folder, part, golden, ids, out, wanted) => {
      const model = await loadModel(modelFolder(folder).read, `${part}/model.onnx`);
      const tensors = tensorsOf(modelFolder(golden));
      const outputs = await run(
        backends[name] as Promise<Backend>,
        (input_ids) => ({ [out]: model?.apply({ input_ids })[out] as Expr }),
        tensors[ids],
      );
      expect(far(outputs[out], tensors[wanted])).toBeLessThan(1e-4);
    },
  );
});

const halfs = [
  ["sd1", 1e-4],
  ["sd1-fp16", 1e-2],
] as const;
test.each(halfs)("%s's VAE decodes and encodes as PyTorch", async (name, within) => {
  const t = tensorsOf(modelFolder("sd1"));
  const { vae } = await loadPipeline(modelFolder(name).read);
  expect(vae?.image).toEqual([3, 64, 64]);
  const latents = t["ddim.latents"];
  const last: Tensor = {
    data: (latents.data as Float32Array).slice(-256),
    shape: [1, 4, 8, 8],
    dtype: "float32",
  };
  const { x } = await run(backends.onnx, (z) => ({ x: vae?.decode(z) as Expr }), last);
  expect(far(x, t.decoded)).toBeLessThan(within);
  const encode = (image: Expr) => ({ ...vae?.encode?.(image) }) as Record<string, Expr>;
  const { mean } = await run(backends.onnx, encode, t.image);
  const half = t.moments.data.length / 2;
  const scaled = Float32Array.from(
    (t.moments.data as Float32Array).slice(0, half),
    (v) => v * 0.18215,
  );
  expect(far(mean, { ...t.moments, data: scaled })).toBeLessThan(within);
});

test("the VAE of 2022 gives what it encodes, and the default factor counts without a config", async () => {
  const folder = modelFolder("legacy");
  const t = tensorsOf(folder);
  const { vae, shape } = await loadPipeline(folder.read, { shape: [undefined, 8, 8] });
  expect([shape, vae?.image]).toEqual([
    [4, 8, 8],
    [3, 64, 64],
  ]);
  const encode = (image: Expr) => ({ ...vae?.encode?.(image) }) as Record<string, Expr>;
  const { mean } = await run(backends.onnx, encode, t.image);
  const scaled = Float32Array.from(t.mode.data as Float32Array, (v) => v * 0.18215);
  expect(far(mean, { ...t.mode, data: scaled })).toBeLessThan(1e-4);
});
