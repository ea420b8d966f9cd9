import { constant, mul, sub, tensor, trace } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { mlp } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { afterAll, describe, expect, it } from "vitest";
import {
  type Clip,
  type Denoiser,
  type DenoiserFunction,
  denoiser,
  dpmSolverSteps,
  type Step,
  sample,
  unipcSteps,
} from "../src/index.ts";
import type { LearnedVariance } from "../src/samplers/step.ts";
import { table, transitions } from "./networks.ts";

const FEATURES = 6;
const shape = [3, FEATURES];
const network = (outputs: number) =>
  denoiser(mlp({ inputs: FEATURES, hidden: [16], outputs, time: { features: 8 }, seed: 5 }));
const plain = network(FEATURES);
const doubled = network(2 * FEATURES);
const guided: Denoiser = {
  ...doubled,
  gradient: (x) => sub(mul(x, -0.3), 0.1),
};

/** The same network as a function of numbers. */
function asFunction(model: Denoiser): DenoiserFunction {
  const of = (which: "apply" | "gradient") => {
    const graph = trace(({ x, t }) => ({ y: model[which]?.(x, t) ?? x }), {
      x: { shape },
      t: { shape: [3], dtype: "int64" },
    });
    return (x: ArrayLike<number>, t: number) => {
      const inputs = { x: tensor(x, shape, "float64"), t: tensor([t, t, t], [3], "int64") };
      return evaluate(graph, inputs).y.data as Float64Array;
    };
  };
  return Object.assign(of("apply"), { gradient: model.gradient && of("gradient") });
}

const learned = (variance: LearnedVariance): Step[] =>
  table(1).map((step) =>
    step.next.noise ? { ...step, variance, next: { ...step.next, noise: 0.9 } } : step,
  );
const moves = transitions([9, 8, 6, 5, 4, 2, 0]);
const forms: [string, Denoiser, Step[], Clip][] = [
  ["doubled channels that no step asks for", doubled, table(1), 1],
  ["a learned log variance", doubled, learned({ of: "logVariance", offset: -1, slope: 0.7 }), 2],
  ["a learned variance", doubled, learned({ of: "variance", offset: 0.3, slope: 0.5 }), false],
  ["guidance in the mean form", guided, learned({ of: "variance", offset: 1, slope: 0.5 }), 1],
  ["dynamic thresholding", plain, table(1), { ratio: 0.7, max: 3 }],
  ["dynamic thresholding at the largest value", plain, table(0), { ratio: 1, max: 50 }],
  ["Langevin dynamics", plain, table(1).map((step, i) => ({ ...step, langevin: i % 2 === 0 })), 1],
  ["multistep estimates", plain, unipcSteps(moves, { order: 3 }), 1.5],
  ["multistep estimates without clipping", plain, dpmSolverSteps(moves, { order: 3 }), false],
];
const backends: Backend[] = [cpuBackend(), await onnxBackend(), await tfjsBackend()];

afterAll(() => Promise.all(backends.map((backend) => backend.close())));

describe("a backend takes the same steps as the float64 loop", () => {
  for (const [name, model, steps, clip] of forms) {
    it(name, async () => {
      const options = { steps, shape, seed: 3, clip };
      const expected = await sample({ denoiser: asFunction(model), ...options });
      for (const backend of backends) {
        const live = backend.memory().live;
        const { x } = await sample({ backend, denoiser: model, ...options });
        const digits = backend.name === "cpu" ? 10 : 3;
        for (const [i, v] of expected.x.entries()) expect(x[i]).toBeCloseTo(v, digits);
        expect(backend.memory().live).toBe(live);
      }
    });
  }
});

describe("forms that do not fit", () => {
  const run = (options: object) =>
    expect(sample({ denoiser: asFunction(plain), steps: table(1), shape, ...options })).rejects;
  const steps = learned({ of: "variance", offset: 0, slope: 1 });

  it("throw for a missing variance, two ways to read it, or a bad clip", async () => {
    await run({ steps }).toThrow("twice the channels of x");
    await run({ steps, denoiser: plain, backend: backends[0] }).toThrow("twice the channels of x");
    const [first, second, ...rest] = steps;
    const other: LearnedVariance = { of: "logVariance", offset: 0, slope: 1 };
    await run({ steps: [first, { ...second, variance: other }, ...rest] }).toThrow(
      "steps must read the variance in one way",
    );
    await run({ clip: { ratio: 0 } }).toThrow("ratio must be in (0, 1], got 0");
    await run({ clip: { ratio: 0.9, max: 0.5 } }).toThrow("max must be a number, 1 or more");
  });

  it("throw for an output of another shape", () => {
    const [x, t] = [constant(tensor(new Float32Array(6), [3, 2])), constant(0)];
    const model = denoiser({ parameters: [], apply: () => constant(tensor([1, 2, 3], [3, 1])) });
    expect(() => model.apply(x, t)).toThrow("a denoiser's output must be as x, [");
  });
});
