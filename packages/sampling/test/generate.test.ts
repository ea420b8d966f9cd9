import { add, cast, mul, reshape, tanh } from "@gen/graph";
import { mlp } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { cosineSchedule, readSchedulerConfig } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import {
  classifierFree,
  type DiffusionPipeline,
  ddimSteps,
  denoiser,
  type GenerateOptions,
  generate,
  heunSteps,
  type PipelineVae,
  pipelineSteps,
  sample,
  samplerNames,
  sampleSteps,
  schedulerSteps,
  torchNoise,
} from "../src/index.ts";

const backend = cpuBackend();
const schedule = cosineSchedule({ steps: 50 });
const network = mlp({ inputs: 2, hidden: [16], time: { features: 8 }, classes: 3, seed: 5 });
const pipeline: DiffusionPipeline = {
  kind: "diffusion",
  denoiser: denoiser(mlp({ inputs: 2, hidden: [16], time: { features: 8 }, seed: 5 })),
  scheduler: { schedule, clip: 2 },
  shape: [2],
};
const vae: PipelineVae = {
  image: [1, 1, 2],
  parameters: [],
  decode: (z) => reshape(tanh(mul(z, 3)), [z.shape[0], 1, 1, 2]),
};
const run = { backend, seed: 3 };
const near = (found: ArrayLike<number>, wanted: ArrayLike<number>) => {
  expect(found).toHaveLength(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(found[i]).toBeCloseTo(wanted[i], 5);
};

describe("generate", () => {
  it("gives the samples of the named sampler's table, with the scheduler's clip", async () => {
    const common = { ...run, denoiser: pipeline.denoiser, shape: [5, 2], clip: 2 };
    const ddim = ddimSteps(schedule, { steps: 20, keepEpsilon: true });
    const found = await generate(pipeline, { ...run, count: 5 });
    expect([found.shape, found.steps]).toEqual([[5, 2], 20]);
    near(found.x, (await sample({ ...common, steps: ddim })).x);
    const heun = await generate(pipeline, { ...run, count: 5, sampler: "heun", steps: 4 });
    near(heun.x, (await sample({ ...common, steps: heunSteps(schedule, { steps: 4 }) })).x);
    const free = await generate(pipeline, { ...run, count: 5, clip: false });
    near(free.x, (await sample({ ...common, steps: ddim, clip: false })).x);
    expect(backend.memory().live).toBe(0);
  });

  it("draws parts of a run, whose batches have the bits of the whole", async () => {
    const options = { ...run, count: 5000, steps: 3, sampler: "ddpm" as const };
    const whole = await generate({ ...pipeline, vae }, options);
    const ends = [0, 1, 1700, 3400, 5000];
    const parts = [];
    for (const [i, from] of ends.slice(0, -1).entries())
      parts.push(await generate({ ...pipeline, vae }, { ...options, part: [from, ends[i + 1]] }));
    // Batches of 1667 begin at 0, 1667 and 3334.
    expect(parts.map(({ shape: [rows] }) => rows)).toEqual([1667, 1667, 1666, 0]);
    expect(Float32Array.from(parts.flatMap(({ x }) => [...x]))).toEqual(whole.x);
    const wrong = { ...options, part: [0] as unknown as readonly [number, number] };
    await expect(generate(pipeline, wrong)).rejects.toThrow("part must be [from, to]");
  });

  it("changes each batch's samples before they are decoded", async () => {
    const plain = await generate(pipeline, { ...run, count: 5000 });
    const seen: number[] = [];
    const finish = (x: ArrayLike<number>, { firstIndex }: { firstIndex: number }) => {
      seen.push(firstIndex);
      return Float32Array.from(x, (value) => value / 2);
    };
    const told: number[] = [];
    const onStep = ({ firstIndex }: { firstIndex: number }) => told.push(firstIndex);
    const halved = await generate(pipeline, { ...run, count: 5000, finish, onStep });
    near(
      halved.x,
      plain.x.map((value) => value / 2),
    );
    expect(seen).toEqual([0, 1667, 3334]);
    expect([...new Set(told)]).toEqual(seen);
    const decoded = await generate({ ...pipeline, vae }, { ...run, finish });
    near(
      decoded.x,
      plain.x.subarray(0, 2).map((value) => Math.tanh((3 * value) / 2)),
    );
  });

  it("takes the table that pipelineSteps gives", async () => {
    const options = { sampler: "heun", steps: 4 } as const;
    const { steps } = pipelineSteps(pipeline, options);
    expect(steps).toEqual(heunSteps(schedule, { steps: 4 }));
    const even = { ...pipeline, sigmas: "even" as const, shape: [1, 8, 8] };
    const scheduler = readSchedulerConfig({
      _class_name: "FlowMatchEulerDiscreteScheduler",
      shift: 2,
    });
    const flow = {
      ...even,
      scheduler,
      denoiser: { ...pipeline.denoiser, predicts: "flow" as const },
    };
    const levels = [1, 0.75, 0.5, 0.25].map((sigma) => (2 * sigma) / (1 + sigma));
    near(pipelineSteps(flow, { steps: 4 }).sigmas ?? [], [...levels, 0]);
  });

  it("starts from the scale of the scheduler's class", async () => {
    const scheduler = readSchedulerConfig({
      _class_name: "EulerDiscreteScheduler",
      timestep_spacing: "leading",
      num_train_timesteps: 50,
    });
    const table = schedulerSteps(scheduler, { steps: 4 });
    // init_noise_sigma is sqrt(sigma^2 + 1), what the network's input is divided by.
    expect(table.initialScale).toBeCloseTo(1, 12);
    const linspace = readSchedulerConfig({ ...scheduler.config, timestep_spacing: "linspace" });
    const { initialScale, sigmas = [] } = schedulerSteps(linspace, { steps: 4 });
    expect(initialScale).toBeCloseTo(sigmas[0] / Math.hypot(sigmas[0], 1), 12);
    expect(initialScale).toBeLessThan(0.95);
    const found = await generate(
      { ...pipeline, scheduler: linspace },
      { ...run, count: 5, steps: 4 },
    );
    const wanted = await sample({
      ...run,
      ...schedulerSteps(linspace, { steps: 4 }),
      denoiser: pipeline.denoiser,
      shape: [5, 2],
    });
    near(found.x, wanted.x);
  });

  it("tells a network fractional time steps", async () => {
    const told = denoiser(
      {
        apply: (x, t) => add(mul(x, 0), reshape(cast(t, "float32"), [x.shape[0], 1])),
        parameters: [],
      },
      "x0",
    );
    const steps = schedulerSteps(
      readSchedulerConfig({ _class_name: "EulerDiscreteScheduler", prediction_type: "sample" }),
      { steps: 5 },
    ).steps;
    const found: number[] = [];
    for await (const { x0 } of sampleSteps({ ...run, denoiser: told, steps, shape: [1, 2] })) {
      found.push(x0[0]);
    }
    expect(found).toEqual([999, 749.25, 499.5, 249.75, 0]);
  });

  it("knows every sampler by its name, and a flow's", async () => {
    for (const sampler of samplerNames.filter((name) => name !== "flow-euler")) {
      const { shape } = await generate(pipeline, { ...run, sampler, steps: 3 });
      expect(shape).toEqual([1, 2]);
    }
    const flow = readSchedulerConfig({ _class_name: "FlowMatchEulerDiscreteScheduler" }).schedule;
    const velocity = { ...pipeline, denoiser: { ...pipeline.denoiser, predicts: "flow" as const } };
    const { steps } = await generate({ ...velocity, scheduler: { schedule: flow } }, run);
    expect(steps).toBe(20);
  });

  it("draws the same samples in any split into batches", async () => {
    const many = await generate(pipeline, { ...run, count: 2050, steps: 2 });
    expect(many.shape).toEqual([2050, 2]);
    const few = await generate(pipeline, { ...run, count: 3, steps: 2 });
    near(many.x.subarray(0, 6), few.x);
    const last = await sample({
      ...run,
      denoiser: pipeline.denoiser,
      steps: ddimSteps(schedule, { steps: 2, keepEpsilon: true }),
      shape: [1, 2],
      firstIndex: 2049,
      clip: 2,
    });
    near(many.x.subarray(4098), last.x);
  });

  it("decodes latents, and samples of a VAE's prior", async () => {
    const plain = await generate(pipeline, { ...run, count: 3 });
    const decoded = await generate({ ...pipeline, vae }, { ...run, count: 3 });
    expect(decoded.shape).toEqual([3, 1, 1, 2]);
    near(
      decoded.x,
      plain.x.map((z) => Math.tanh(3 * z)),
    );
    const prior = await generate({ kind: "vae", vae, shape: [2] }, { ...run, count: 3000 });
    expect([prior.shape, prior.steps]).toEqual([[3000, 1, 1, 2], 0]);
    const z = prior.x.map((x) => Math.atanh(x) / 3).filter(Number.isFinite);
    expect(Math.abs(z.reduce((a, b) => a + b, 0) / z.length)).toBeLessThan(0.05);
    const few = await generate({ kind: "vae", vae, shape: [2] }, { ...run, count: 2 });
    near(prior.x.subarray(0, 4), few.x);
    expect(backend.memory().live).toBe(0);
  });

  it("guides with the label that means none, and takes the caller's noise", async () => {
    const model = denoiser(network);
    const withClasses = { ...pipeline, denoiser: model, classes: ["a", "b", "c"] };
    const condition = [0, 2];
    const guided = await generate(withClasses, { ...run, count: 2, condition, guidance: 3 });
    const by = classifierFree(model, { scale: 3, unconditional: 3 });
    const wanted = await sample({
      ...run,
      denoiser: by,
      condition,
      shape: [2, 2],
      steps: ddimSteps(schedule, { steps: 20, keepEpsilon: true }),
      clip: 2,
    });
    near(guided.x, wanted.x);
    // The noise that a clipped x0 implies, when it is asked for.
    const steps = ddimSteps(schedule, { steps: 20 });
    const again = await sample({
      ...{ ...run, denoiser: by, condition, steps },
      ...{ shape: [2, 2], clip: 2 },
    });
    const asked = { count: 2, guidance: 3, sampler: "ddim", useClippedModelOutput: true } as const;
    near((await generate(withClasses, { ...run, ...asked, condition })).x, again.x);
    expect(again.x.some((v, i) => Math.abs(v - wanted.x[i]) > 0.1)).toBe(true);
    const explicit = { ...run, count: 2, condition, guidance: { scale: 3, unconditional: 3 } };
    near((await generate({ ...withClasses, classes: undefined }, explicit)).x, wanted.x);

    const noise: GenerateOptions["noise"] = (shape, part) => torchNoise(7, shape, part);
    const drawn = await generate(pipeline, { ...run, count: 4, noise, eta: 1 });
    const direct = await sample({
      ...run,
      ...torchNoise(7, [4, 2]),
      denoiser: pipeline.denoiser,
      shape: [4, 2],
      steps: ddimSteps(schedule, { steps: 20, eta: 1, keepEpsilon: true }),
      clip: 2,
    });
    near(drawn.x, direct.x);
  });

  it("gives each batch its own rows of a condition", async () => {
    const model = { ...pipeline, denoiser: denoiser(network) };
    const labels = Array.from({ length: 2050 }, (_, i) => i % 3);
    const many = await generate(model, { ...run, count: 2050, condition: labels, steps: 2 });
    const last = await sample({
      ...run,
      denoiser: model.denoiser,
      steps: ddimSteps(schedule, { steps: 2, keepEpsilon: true }),
      shape: [1, 2],
      firstIndex: 2049,
      condition: [labels[2049]],
      clip: 2,
    });
    near(many.x.subarray(4098), last.x);
    const few = generate(model, { ...run, count: 3, condition: [0, 1] });
    await expect(few).rejects.toThrow("condition condition must have 3 rows, as count, got 2");
  });

  it("reports its progress, and stops when aborted", async () => {
    const done: number[] = [];
    const onStep = (at: { done: number; steps: number }) => {
      expect(at.steps).toBe(4);
      done.push(at.done);
    };
    await generate(pipeline, { ...run, count: 2050, steps: 4, onStep });
    expect(done).toHaveLength(8);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.at(-1)).toBeCloseTo(1, 10);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(generate(pipeline, { ...run, signal })).rejects.toThrow("enough");
    const prior = { kind: "vae", vae, shape: [2] } as const;
    await expect(generate(prior, { ...run, signal })).rejects.toThrow("enough");
    expect(backend.memory().live).toBe(0);
  });

  it("throws for a bad count, sampler, steps, eta or guidance", async () => {
    const refused = (options: object, message: string) =>
      expect(generate(pipeline, { ...run, ...options })).rejects.toThrow(message);
    await refused({ count: 0 }, "count must be a positive integer, got 0");
    await refused({ sampler: "none" }, "sampler must be one of ddim, ddpm, euler");
    await refused({ steps: 51 }, "51");
    await refused({ sampler: "euler", eta: 1 }, "eta must be left out for euler");
    await refused(
      { guidance: 2 },
      "guidance must be { scale, unconditional } for a pipeline without classes, got 2",
    );
  });
});
