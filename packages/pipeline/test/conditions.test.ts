import { type Shape, type Tensor, tensor } from "@gen/graph";
import { randomStream } from "@gen/math";
import { dit, type Network, unet, weightsOf, withWeights } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import {
  type ConditionOption,
  type Conditions,
  classifierFree,
  compose,
  type Denoiser,
  denoiser,
  denoiserFunction,
  type SampleOptions,
  type Step,
  sample,
} from "@gen/sampling";
import { cosineSchedule } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { loadPipeline, pipelineFiles } from "../src/index.ts";
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
  condition?: Conditions<Tensor>;
  /** The same under the names of the file's inputs, where these differ. */
  loaded?: Conditions<Tensor>;
  steps?: Step[];
  inputs: string[];
}

const cases: Record<string, Case> = {
  "a unet with classes": {
    network: unet({ ...small, classes: 3 }),
    condition: { condition: labels },
    loaded: { class_labels: labels },
    inputs: ["sample", "timestep", "class_labels"],
  },
  "a unet with cross-attention": {
    network: unet({ ...small, crossAttention: { features: 6 }, heads: 2 }),
    condition: { context },
    loaded: { encoder_hidden_states: context },
    inputs: ["sample", "timestep", "encoder_hidden_states"],
  },
  "a unet with classes and cross-attention": {
    network: unet({ ...small, classes: 3, crossAttention: { features: 6 }, heads: 2 }),
    condition: { condition: labels, context },
    loaded: { class_labels: labels, encoder_hidden_states: context },
    inputs: ["sample", "timestep", "class_labels", "encoder_hidden_states"],
  },
  "a unet with a learned variance and dropout": {
    network: unet({ ...small, learnedVariance: true, dropout: 0.5 }),
    steps: learned,
    inputs: ["sample", "timestep"],
  },
  "a dit with classes and a learned variance": {
    network: dit({ size: 4, width: 8, depth: 1, heads: 2, classes: 3, learnedVariance: true }),
    condition: { condition: labels },
    loaded: { class_labels: labels },
    steps: learned,
    inputs: ["sample", "timestep", "class_labels"],
  },
};

/** The network with other values for the weights that start at zero. */
function wakened(network: Network): Network {
  const weights = Object.entries(weightsOf(network)).map(([name, one]) => {
    if (Array.from(one.data as Float32Array).some((v) => v !== 0)) return [name, one];
    const numbers = randomStream({ seed: 4, purpose: name }).normal(one.data.length);
    const small = numbers.map((z) => 0.3 * z);
    return [name, tensor(small, one.shape)];
  });
  return withWeights(network, Object.fromEntries(weights));
}

/** How many axes each condition has. */
const ranks = (condition: Conditions<{ shape: Shape }> = {}) =>
  Object.entries(condition).map(([name, { shape }]) => [name, shape.length]);

describe("a pipeline's folder keeps", () => {
  for (const [name, one] of Object.entries(cases)) {
    const { network, condition, loaded: under = condition, steps = table(1), inputs } = one;
    it(`${name}, and a second save is like the first`, async () => {
      const model = denoiser(wakened(network));
      const files = pipelineFiles({
        kind: "diffusion",
        denoiser: model,
        scheduler: { schedule },
        shape: [1, 4, 4],
      });
      const loaded = await loadPipeline((path) => Promise.resolve(files[path]));
      expect(ranks(loaded.denoiser.condition)).toEqual(ranks(under));
      const run = { backend, steps, shape: [3, 1, 4, 4], seed: 8 };
      const before = await sample({ ...run, denoiser: model, condition });
      const after = await sample({ ...run, denoiser: loaded.denoiser, condition: under });
      expect(Math.max(...before.x.map(Math.abs))).toBeGreaterThan(0.1);
      for (const [i, v] of before.x.entries()) expect(after.x[i]).toBeCloseTo(v, 5);

      const again = pipelineFiles(loaded);
      const text = new TextDecoder("latin1").decode(again["unet/model.onnx"]);
      for (const input of inputs) expect(text).toContain(input);
      const twice = await loadPipeline((path) => Promise.resolve(again[path]));
      const last = await sample({ ...run, denoiser: twice.denoiser, condition: under });
      for (const [i, v] of before.x.entries()) expect(last.x[i]).toBeCloseTo(v, 5);
    });
  }
});

describe("a context", () => {
  it("decides what is sampled, and may be guided away from another", async () => {
    const { network } = cases["a unet with cross-attention"];
    const model = denoiser(wakened(network));
    const run = { backend, steps: table(1), shape: [3, 1, 4, 4], seed: 8 };
    const none = tensor(new Float32Array(30), [1, 5, 6]);
    const repeated = tensor(new Float32Array(90), [3, 5, 6]);
    const guided = (scale: number) =>
      classifierFree(model, { scale, unconditional: { context: none } });
    const plain = await sample({ ...run, denoiser: model, condition: { context } });
    const without = await sample({ ...run, denoiser: model, condition: { context: repeated } });
    const once = await sample({ ...run, denoiser: guided(1), condition: { context } });
    const off = await sample({ ...run, denoiser: guided(0), condition: { context } });
    const more = await sample({ ...run, denoiser: guided(3), condition: { context } });
    const far = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i])));
    expect(far(plain.x, without.x)).toBeGreaterThan(1e-3);
    expect(far(once.x, plain.x)).toBeLessThan(1e-6);
    expect(far(off.x, without.x)).toBeLessThan(1e-6);
    expect(far(more.x, plain.x)).toBeGreaterThan(1e-3);
  });

  it("beside classes is guided alone, or both are", async () => {
    const { network, condition } = cases["a unet with classes and cross-attention"];
    const model = denoiser(wakened(network));
    expect(model.condition).toEqual({
      condition: network.signature.condition,
      context: network.signature.context,
    });
    const shape = [3, 1, 4, 4];
    const x = Float64Array.from(randomStream({ seed: 3 }).normal(48));
    const predicted = async (denoiser: Denoiser, under = condition) => {
      const f = await denoiserFunction({ backend, denoiser, shape, condition: under });
      const out = await f(x, 4);
      await f.dispose();
      return Array.from(out);
    };
    const nowhere = tensor(new Float32Array(90), [3, 5, 6]);
    const none = tensor(new Float32Array(30), [1, 5, 6]);
    const unclassed = tensor([3, 3, 3], [3], "int64");
    const c = await predicted(model);
    const check = async (unconditional: ConditionOption, u: number[]): Promise<void> => {
      const found = await predicted(classifierFree(model, { scale: 2, unconditional }));
      for (const [i, v] of found.entries()) expect(v).toBeCloseTo(2 * c[i] - u[i], 5);
    };
    const withoutContext = await predicted(model, { condition: labels, context: nowhere });
    const withoutBoth = await predicted(model, { condition: unclassed, context: nowhere });
    expect(withoutContext).not.toEqual(withoutBoth);
    await check({ context: none }, withoutContext);
    await check({ condition: 3, context: none }, withoutBoth);
    const joined = compose(model, {
      unconditional: { condition: 3, context: nowhere },
      conditions: [{ condition: { condition: labels, context }, scale: 2 }],
    });
    for (const [i, v] of (await predicted(joined)).entries()) {
      expect(v).toBeCloseTo(2 * c[i] - withoutBoth[i], 5);
    }
  });

  it("beside classes is told by its name, and so are they", async () => {
    const model = denoiser(unet({ ...small, classes: 3, crossAttention: { features: 6 } }));
    const run = { backend, denoiser: model, steps: table(1), shape: [3, 1, 4, 4] };
    const refused = (condition: SampleOptions["condition"], message: string) =>
      expect(sample({ ...run, condition })).rejects.toThrow(message);
    await refused([0, 2, 1], "condition must be { condition, context }, got numbers");
    await refused({ context }, "condition must be { condition, context }, got { context }");
    await refused(
      { labels, context },
      "condition must be { condition, context }, got { labels, context }",
    );
    const guided = classifierFree(model, { scale: 2, unconditional: 3 });
    const both = { condition: labels, context };
    await expect(sample({ ...run, denoiser: guided, condition: both })).rejects.toThrow(
      "unconditional must be given by name, as the condition is",
    );
    expect(backend.memory().live).toBe(0);
  });
});
