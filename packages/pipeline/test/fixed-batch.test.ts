import { readFileSync } from "node:fs";
import { arrayDataset } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { type Dim, type Expr, mul, reshape, type Shape, tanh, tensor, trace } from "@gen/graph";
import { toOnnx } from "@gen/graph/onnx";
import { randomStream } from "@gen/math";
import { unet, weightsOf, withWeights } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import {
  classifierFree,
  compose,
  type DiffusionPipeline,
  denoiser,
  denoiserFunction,
  type GenerateOptions,
  generate,
  inpaint,
  sample,
  schedulerSteps,
} from "@gen/sampling";
import { cosineSchedule, writeSchedulerConfig } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { loadPipeline, pipelineFiles } from "../src/index.ts";
import { table } from "./networks.ts";

const schedule = cosineSchedule({ steps: 10 });
const backend = cpuBackend();
const small = { size: 4, channels: 4, multipliers: [1], classes: 3, heads: 2 };
const plain = unet({ ...small, crossAttention: { features: 6 } });
// Weights that start at zero would hide the conditions.
const weights = Object.entries(weightsOf(plain)).map(([name, { shape, data }]) => {
  return [name, tensor(randomStream({ seed: 4, purpose: name }).normal(data.length), shape)];
});
const model = denoiser(withWeights(plain, Object.fromEntries(weights)));
const context = tensor(randomStream({ seed: 1 }).normal(5 * 2 * 6), [5, 2, 6]);
const condition = { class_labels: [0, 2, 1, 1, 0], encoder_hidden_states: context };
const unconditional = { class_labels: 3, encoder_hidden_states: new Float32Array(12) };

const decode = (z: Expr) => reshape(tanh(mul(z, 3)), [z.shape[0], 1, 2, 8]);
const encode = (x: Expr) => reshape(x, [x.shape[0], 2, 4, 2]);

/** A folder as another exporter writes it, whose networks are fixed to these batches. */
function folder(batch: Dim, decoder: Dim = batch, encoder: Dim = decoder, time: Shape = [batch]) {
  const network = trace(
    ({ sample, timestep, class_labels: condition, encoder_hidden_states: context }) => {
      const t = time.length === 0 ? reshape(timestep, [1]) : timestep;
      return { out_sample: model.apply(sample, t, { condition, context }) };
    },
    {
      sample: { shape: [batch, 1, 4, 4] },
      timestep: { shape: time, dtype: "int64" },
      class_labels: { shape: [batch], dtype: "int64" },
      encoder_hidden_states: { shape: [batch, 2, 6] },
    },
  );
  const shapes = { z: { shape: [decoder, 1, 4, 4] }, x: { shape: [encoder, 1, 4, 4] } };
  const files: Record<string, Uint8Array> = {
    "unet/model.onnx": toOnnx(network),
    "vae_decoder/model.onnx": toOnnx(trace(({ z }) => ({ y: decode(z) }), { z: shapes.z })),
    "vae_encoder/model.onnx": toOnnx(trace(({ x }) => ({ y: encode(x) }), { x: shapes.x })),
    "scheduler/scheduler_config.json": new TextEncoder().encode(writeSchedulerConfig({ schedule })),
  };
  return loadPipeline((path) => Promise.resolve(files[path]));
}

const near = (found: ArrayLike<number>, wanted: ArrayLike<number>) => {
  expect(found).toHaveLength(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(found[i]).toBeCloseTo(wanted[i], 4);
};
const free = await folder("batch");
const run = { backend, count: 5, steps: 3, seed: 7, condition } satisfies GenerateOptions;
const batches: [batch: number, decoder: Dim, encoder: Dim][] = [
  [1, 1, 1],
  [2, 1, 2],
  [2, "n", 1],
  [3, 2, "n"],
  [4, 8, 8],
  [8, 2, 1],
];

describe.each(batches)("a UNet fixed to %s, a decoder to %s, an encoder to %s", (...fixed) => {
  const loading = folder(...fixed);

  it("give the samples of free ones, guided and not", async () => {
    const pipeline = await loading;
    const guidance = { scale: 2, unconditional };
    for (const options of [{}, { eta: 1 }, { guidance }, { guidance, count: 1 }, { count: 1 }]) {
      const one = { ...condition, class_labels: [1], encoder_hidden_states: new Float32Array(12) };
      const all = { ...run, ...options, ...("count" in options && { condition: one }) };
      const [found, wanted] = [await generate(pipeline, all), await generate(free, all)];
      expect(found.shape).toEqual(wanted.shape);
      near(found.x, wanted.x);
    }
    expect(backend.memory().live).toBe(0);
  });

  it("serve any batch of sample, of a function and of the VAE", async () => {
    const pipeline = await loading;
    const shape = [5, 1, 4, 4];
    const named = { ...condition, class_labels: tensor([0, 2, 1, 1, 0], [5], "int64") };
    const all = { backend, shape, condition: named };
    const x = randomStream({ seed: 3 }).normal(80);
    const predicted = async ({ denoiser }: DiffusionPipeline) => {
      const f = await denoiserFunction({ ...all, denoiser });
      const y = await f(x, 4);
      await f.dispose();
      return y;
    };
    near(await predicted(pipeline), await predicted(free));
    const drawn = ({ denoiser }: DiffusionPipeline) =>
      sample({ ...all, denoiser, steps: table(1), seed: 2 });
    near((await drawn(pipeline)).x, (await drawn(free)).x);
    const image = { data: Float32Array.from(x), shape };
    const ends = async ({ vae }: DiffusionPipeline): Promise<ArrayLike<number>[]> => {
      const program = await backend.compile(
        trace(({ x }) => ({ image: vae?.decode(x) as Expr, ...vae?.encode?.(x) }), { x: image }),
      );
      const input = backend.upload(image.data, shape);
      const outputs = Object.values(await program.run({ x: input }));
      const values = await Promise.all(outputs.map((y) => backend.download(y)));
      backend.dispose(input, ...outputs);
      return values;
    };
    const [found, wanted] = [await ends(pipeline), await ends(free)];
    expect(found).toHaveLength(3);
    for (const [i, values] of found.entries()) near(values, wanted[i]);
  });

  it("are saved with their batches, guided as well", async () => {
    const pipeline = await loading;
    const guided = classifierFree(pipeline.denoiser, { scale: 2, unconditional });
    for (const denoiser of [pipeline.denoiser, guided]) {
      const files = pipelineFiles({ ...pipeline, denoiser });
      const again = await loadPipeline((path) => Promise.resolve(files[path]));
      expect(again.denoiser.batch).toBe(denoiser.batch);
      expect(again.vae?.batch).toBe(pipeline.vae?.batch);
      const guidance = denoiser === guided ? { scale: 2, unconditional } : undefined;
      near((await generate(again, run)).x, (await generate(free, { ...run, guidance })).x);
    }
  });
});

describe("a network of a fixed batch", () => {
  /** How often a network of one first convolution runs. */
  const runs = (pipeline: Pick<DiffusionPipeline, "denoiser">, rows: number) => {
    const { denoiser } = pipeline;
    const convolutions = (shape: Shape, apply: typeof denoiser.apply) => {
      const graph = trace(
        ({ x, t, class_labels, encoder_hidden_states }) => ({
          y: apply(x, t, { class_labels, encoder_hidden_states }),
        }),
        {
          x: { shape },
          t: { shape: shape.slice(0, 1), dtype: "int64" },
          class_labels: { shape: shape.slice(0, 1), dtype: "int64" },
          encoder_hidden_states: { shape: [shape[0], 2, 6] },
        },
      );
      return graph.nodes.filter(({ op }) => op === "Conv").length;
    };
    const one = convolutions([1, 1, 4, 4], free.denoiser.apply);
    return convolutions([rows, 1, 4, 4], denoiser.apply) / one;
  };

  it.each([
    [1, 1, 2],
    [2, 1, 1],
    [2, 2, 2],
    [4, 2, 1],
    [4, 3, 2],
  ])("of %s serves %s guided samples in %s runs", async (batch, rows, wanted) => {
    const { denoiser } = await folder(batch);
    const guided = classifierFree(denoiser, { scale: 2, unconditional });
    expect(runs({ denoiser: guided }, rows)).toBe(wanted);
    expect(runs({ denoiser }, rows)).toBe(Math.ceil(rows / batch));
  });

  it("serves as many samples in a run of generate as its batch has", async () => {
    const guidance = { scale: 2, unconditional };
    const sizes = async (batch: number, options: Partial<GenerateOptions>): Promise<number[]> => {
      const found: number[] = [];
      const onStep: GenerateOptions["onStep"] = async ({ step, x }) => {
        if (step === 0) found.push((await x()).length / 16);
      };
      await generate(await folder(batch), { ...run, ...options, onStep });
      return found;
    };
    expect(await sizes(2, {})).toEqual([2, 2, 1]);
    expect(await sizes(2, { guidance })).toEqual([1, 1, 1, 1, 1]);
    expect(await sizes(4, { guidance })).toEqual([2, 2, 1]);
    expect(await sizes(1, { guidance })).toEqual([1, 1, 1, 1, 1]);
    expect(await sizes(8, {})).toEqual([5]);
  });

  it("may come from PyTorch, with the batch inside its shapes", async () => {
    const files = async (name: string) => {
      const path = new URL(`../../graph/test/reference/${name}.onnx`, import.meta.url);
      const scheduler = new TextEncoder().encode(writeSchedulerConfig({ schedule }));
      return loadPipeline(async (asked) =>
        asked === "unet/model.onnx"
          ? readFileSync(path)
          : asked.includes("scheduler")
            ? scheduler
            : undefined,
      );
    };
    const pipeline = await files("denoiser-static-11");
    const { batch } = pipeline.denoiser;
    expect(batch).toBeGreaterThan(1);
    const many = { backend, steps: 3, seed: 4, eta: 1, clip: 1, count: 2 * (batch as number) + 1 };
    const found = await generate(pipeline, many);
    expect(found.shape).toEqual([many.count, ...pipeline.shape]);
    const size = found.x.length / many.count;
    for (const count of [1, batch as number]) {
      const { x } = await generate(pipeline, { ...many, count });
      near(x, found.x.subarray(0, count * size));
    }
    const last = await sample({
      ...pipeline,
      ...{ backend, seed: 4, firstIndex: many.count - 1, shape: [1, ...pipeline.shape] },
      ...schedulerSteps(pipeline.scheduler, { steps: 3, eta: 1 }),
      clip: 1,
    });
    near(last.x, found.x.subarray(-size));
  });

  it("may take its time step as a scalar, or one for its batch", async () => {
    const { x: wanted } = await generate(free, run);
    for (const time of [[], [1]]) {
      const pipeline = await folder(2, 2, 2, time);
      expect(pipeline.denoiser.sharedTime).toBe(true);
      near((await generate(pipeline, run)).x, wanted);
      // With one sample in a run, each has its own time step.
      expect((await folder(1, 1, 1, time)).denoiser.sharedTime).toBeUndefined();
    }
  });

  it("is composed and inpainted as a free one", async () => {
    const shape = [3, 1, 4, 4];
    const known = randomStream({ seed: 5 }).normal(48);
    const mask = Array.from({ length: 48 }, (_, i) => Number(i % 3 === 0));
    const sides = [0, 2].map((label) => ({
      condition: { class_labels: [label], encoder_hidden_states: new Float32Array(12).fill(label) },
      scale: 1.5,
    }));
    const predicted = async ({ denoiser }: DiffusionPipeline) => {
      const composed = compose(denoiser, {
        unconditional: { class_labels: [3], encoder_hidden_states: new Float32Array(12) },
        conditions: sides,
      });
      const inpainted = inpaint(denoiser, { shape, known, mask, schedule });
      const both = classifierFree(inpainted, { scale: 2, unconditional });
      const outputs = [
        sample({ backend, denoiser: composed, steps: table(0), shape, seed: 1 }),
        sample({
          backend,
          denoiser: both,
          steps: table(0),
          shape,
          seed: 1,
          condition: { class_labels: 1, encoder_hidden_states: context.data.slice(0, 12) as never },
        }),
      ];
      return Promise.all(outputs);
    };
    const wanted = await predicted(free);
    for (const batch of [1, 2, 4]) {
      const found = await predicted(await folder(batch));
      for (const [i, { x }] of found.entries()) near(x, wanted[i].x);
    }
  });

  it("is refused if its batch would fill the memory", async () => {
    const large = await folder(2 ** 30, 1);
    expect(large.denoiser.batch).toBeUndefined();
    await expect(generate(large, run)).rejects.toThrow(
      'input "sample" must have the shape [1073741824, 1, 4, 4], got [5, 1, 4, 4]',
    );
    const decoder = await folder("batch", 2 ** 30);
    await expect(generate(decoder, run)).rejects.toThrow(
      "must have the shape [1073741824, 1, 4, 4]",
    );
    expect(backend.memory().live).toBe(0);
  });

  it("is trained on batches of any size", async () => {
    const data = Float32Array.from(randomStream({ seed: 6 }).normal(8 * 16));
    const dataset = arrayDataset({ data, shape: [8, 1, 4, 4], dtype: "float32" }, { name: "any" });
    const labels = Int32Array.from([0, 1, 2, 0, 1, 2, 0, 1]);
    const texts = tensor(randomStream({ seed: 8 }).normal(8 * 12), [8, 2, 6]);
    const losses = async ({ denoiser }: DiffusionPipeline) => {
      const { training } = await trainDdpm({
        backend,
        dataset: { ...dataset, labels },
        network: denoiser,
        schedule,
        condition: { encoder_hidden_states: texts },
        batchSize: 3,
        steps: 2,
      });
      return training.history.map(({ losses }) => losses.loss);
    };
    const wanted = await losses(free);
    for (const fixed of [1, 2]) near(await losses(await folder(fixed)), wanted);
    near(await losses(await folder(1, 1, 1, [])), wanted);
  });
});
