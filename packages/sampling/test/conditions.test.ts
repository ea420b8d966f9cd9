import { type Tensor, tensor } from "@gen/graph";
import { randomStream } from "@gen/math";
import { dit, type Network, unet } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { cosineSchedule } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import {
  classifierFree,
  denoiser,
  loadPipeline,
  type Step,
  sample,
  savePipeline,
} from "../src/index.ts";
import { table } from "./networks.ts";

const schedule = cosineSchedule({ steps: 10 });
const backend = cpuBackend();
const small = { size: 4, channels: 4, multipliers: [1] };
const labels = tensor([0, 2, 1], [3], "int64");
const context = tensor(randomStream({ seed: 1 }).normal(3 * 5 * 6), [3, 5, 6]);
const learned = table(1).map(
  (row): Step => ({ ...row, variance: { of: "logVariance", offset: -2, slope: 0.5 } }),
);

interface Case {
  network: Network;
  condition?: Tensor;
  steps?: Step[];
  inputs: string[];
}

const cases: Record<string, Case> = {
  "a unet with classes": {
    network: unet({ ...small, classes: 3 }),
    condition: labels,
    inputs: ["sample", "timestep", "class_labels"],
  },
  "a unet with cross-attention": {
    network: unet({ ...small, crossAttention: { features: 6 }, heads: 2 }),
    condition: context,
    inputs: ["sample", "timestep", "encoder_hidden_states"],
  },
  "a unet with a learned variance and dropout": {
    network: unet({ ...small, learnedVariance: true, dropout: 0.5 }),
    steps: learned,
    inputs: ["sample", "timestep"],
  },
  "a dit with classes and a learned variance": {
    network: dit({ size: 4, width: 8, depth: 1, heads: 2, classes: 3, learnedVariance: true }),
    condition: labels,
    steps: learned,
    inputs: ["sample", "timestep", "class_labels"],
  },
};

/** Gives weights that start at zero other values. */
function waken({ parameters }: Network): void {
  for (const p of parameters) {
    if (Array.from(p.value.data as Float32Array).some((v) => v !== 0)) continue;
    const numbers = randomStream({ seed: 4, purpose: p.name }).normal(p.value.data.length);
    p.value = tensor(
      numbers.map((z) => 0.3 * z),
      p.shape,
    );
  }
}

describe("a pipeline's folder keeps", () => {
  for (const [name, { network, condition, steps = table(1), inputs }] of Object.entries(cases)) {
    it(`${name}, and a second save is like the first`, async () => {
      waken(network);
      const model = denoiser(network);
      const files = savePipeline({ denoiser: model, scheduler: { schedule }, shape: [1, 4, 4] });
      const loaded = await loadPipeline((path) => Promise.resolve(files[path]));
      expect(loaded.denoiser.condition?.shape.length).toBe(condition?.shape.length);
      const run = { backend, steps, shape: [3, 1, 4, 4], seed: 8, condition };
      const before = await sample({ ...run, denoiser: model });
      const after = await sample({ ...run, denoiser: loaded.denoiser });
      expect(Math.max(...before.x.map(Math.abs))).toBeGreaterThan(0.1);
      for (const [i, v] of before.x.entries()) expect(after.x[i]).toBeCloseTo(v, 5);

      const again = savePipeline(loaded);
      const text = new TextDecoder("latin1").decode(again["unet/model.onnx"]);
      for (const input of inputs) expect(text).toContain(input);
      const twice = await loadPipeline((path) => Promise.resolve(again[path]));
      const last = await sample({ ...run, denoiser: twice.denoiser });
      for (const [i, v] of before.x.entries()) expect(last.x[i]).toBeCloseTo(v, 5);
    });
  }
});

describe("a context", () => {
  it("decides what is sampled, and may be guided away from another", async () => {
    const { network } = cases["a unet with cross-attention"];
    waken(network);
    const model = denoiser(network);
    const run = { backend, steps: table(1), shape: [3, 1, 4, 4], seed: 8 };
    const none = tensor(new Float32Array(30), [1, 5, 6]);
    const repeated = tensor(new Float32Array(90), [3, 5, 6]);
    const guided = (scale: number) => classifierFree(model, { scale, unconditional: none });
    const plain = await sample({ ...run, denoiser: model, condition: context });
    const without = await sample({ ...run, denoiser: model, condition: repeated });
    const once = await sample({ ...run, denoiser: guided(1), condition: context });
    const off = await sample({ ...run, denoiser: guided(0), condition: context });
    const more = await sample({ ...run, denoiser: guided(3), condition: context });
    const far = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i])));
    expect(far(plain.x, without.x)).toBeGreaterThan(1e-3);
    expect(far(once.x, plain.x)).toBeLessThan(1e-6);
    expect(far(off.x, without.x)).toBeLessThan(1e-6);
    expect(far(more.x, plain.x)).toBeGreaterThan(1e-3);
  });

  it("beside classes is one condition too many", () => {
    const both = unet({ ...small, classes: 3, crossAttention: { features: 6 } });
    expect(() => denoiser(both)).toThrow(
      /a sample, a timestep and at most one condition, got x, t, condition, context/,
    );
  });
});
