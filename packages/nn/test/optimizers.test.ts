import { readFileSync } from "node:fs";
import {
  add,
  constant,
  type Expr,
  mul,
  parameter,
  sum,
  type Tensor,
  tensorNumbers,
} from "@gen/graph";
import { adam, adamw, cosineDecay, linearDecay, lion, sgd, type TrainResult, train } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { describe, expect, test } from "vitest";
import { type AdamOptions, clipByGlobalNorm, globalNorm } from "../src/optimizer.ts";
import { computed, expectClose, type Plain, plainTensor } from "./compare.ts";

const optimizers = { adam, adamw, sgd, lion };

type Weights = Record<"w" | "b" | "s", Plain>;

interface OptimizerCase {
  kind: keyof typeof optimizers;
  settings: AdamOptions & { learningRate?: number | string };
  clipNorm: number | null;
  start: Weights;
  gradients: Weights[];
  path: (Weights & { step: number })[];
}

const cases = ["optimizers", "sgd-lion"].flatMap((name): OptimizerCase[] => {
  const file = new URL(`./reference/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).cases;
});

const names = ["w", "b", "s"] as const;

const gradientInputs = (of: Weights): Record<string, Plain> =>
  Object.fromEntries(names.map((name) => [`d ${name}`, of[name]]));

/** Trains on given gradients: the loss is the sum of the weights times them. */
function follow(
  c: OptimizerCase,
  alone: number,
  steps: number,
  ema?: number,
): Promise<TrainResult> {
  const weights = names.map((name) => parameter(name, plainTensor(c.start[name])));
  const rate = c.settings.learningRate;
  const learningRate = typeof rate === "string" ? (step: number) => 0.1 / (step + 1) : rate;
  return train({
    backend: cpuBackend(),
    loss: (given: Record<string, Expr>) =>
      weights.map((w) => sum(mul(w, given[`d ${w.name}`]))).reduce((a, b) => add(a, b)),
    signature: gradientInputs(c.start),
    optimizer: optimizers[c.kind]({ ...c.settings, learningRate }),
    clipNorm: c.clipNorm ?? undefined,
    batches: c.gradients.map(gradientInputs),
    steps,
    packBelow: alone,
    ema,
  });
}

describe("PyTorch's path over 20 steps", () => {
  for (const [i, c] of cases.entries()) {
    for (const alone of [1, 1000]) {
      test(`${i} ${c.kind} ${JSON.stringify(c.settings)}, clip ${c.clipNorm}, ${alone === 1 ? "apart" : "packed"}`, async () => {
        for (const { step, ...want } of c.path) {
          const { weights } = await follow(c, alone, step);
          for (const name of names) {
            expectClose(weights[name], want[name], 3e-7);
          }
        }
      });
    }
  }
});

test("the moving average warms up, then keeps its decay", async () => {
  const [c] = cases;
  const weightsAt = async (step: number) =>
    step === 0 ? plainTensor(c.start.w) : (await follow(c, 1, step)).weights.w;
  let want = Array.from(tensorNumbers(plainTensor(c.start.w)));
  for (let step = 0; step < 12; step++) {
    const decay = Math.min(0.5, (1 + step) / (10 + step));
    const weights = tensorNumbers(await weightsAt(step + 1));
    want = want.map((v, i) => decay * v + (1 - decay) * weights[i]);
  }
  const { ema } = await follow(c, 1, 12, 0.5);
  expectClose(ema?.w as Tensor, { shape: c.start.w.shape, data: want }, 1e-6);
});

describe("clipping", () => {
  const parts = [
    constant(plainTensor({ shape: [2], data: [3, 0] })),
    constant(plainTensor({ shape: [1, 1], data: [-4] })),
  ];
  test("scales a norm over the limit down to it and keeps a smaller norm", () => {
    expect(tensorNumbers(computed(globalNorm(parts)))[0]).toBeCloseTo(5, 12);
    const [a, b] = clipByGlobalNorm(parts, 1).map((e) => computed(e));
    expectClose(a, { shape: [2], data: [0.6, 0] }, 1e-6);
    expectClose(b, { shape: [1, 1], data: [-0.8] }, 1e-6);
    expectClose(computed(clipByGlobalNorm(parts, 6)[0]), { shape: [2], data: [3, 0] }, 0);
  });
});

describe("learning rates", () => {
  test("a line with warm-up", () => {
    const rate = linearDecay({ peak: 1, steps: 14, warmUp: 4, floor: 0.2 });
    expect([0, 1, 3, 4, 9, 14, 99].map(rate).map((r) => Number(r.toFixed(12)))).toEqual([
      0.25, 0.5, 1, 1, 0.6, 0.2, 0.2,
    ]);
  });
  test("half a cosine", () => {
    const rate = cosineDecay({ peak: 2, steps: 6 });
    expect([0, 2, 3, 6].map(rate).map((r) => Number(r.toFixed(12)))).toEqual([2, 1.5, 1, 0]);
  });
});

describe("settings out of range are refused", () => {
  const bad: [() => unknown, RegExp][] = [
    [() => adam({ betas: [1, 0.9] }), /betas\[0\] must be in \[0, 1\), got 1/],
    [() => adamw({ epsilon: -1 }), /epsilon must be at least 0, got -1/],
    [
      () => adam({ learningRate: () => Number.NaN }).rates(3),
      /learningRate must be finite, got NaN at step 3/,
    ],
    [() => adam({ learningRate: -1 }), /learningRate must be at least 0, got -1$/],
    [
      () => adamw({ learningRate: Number.NaN }),
      /learningRate must be a number or a function, got NaN$/,
    ],
    [
      () => adam({ learningRate: () => -0.5 }).rates(2),
      /learningRate must be at least 0, got -0.5 at step 2/,
    ],
    [
      () => adam({ learningRate: "0.1" as unknown as number }),
      /learningRate must be a number or a function, got "0.1"/,
    ],
    [() => sgd({ momentum: 1 }), /momentum must be in \[0, 1\), got 1/],
    [() => sgd({ weightDecay: -1 }), /weightDecay must be at least 0, got -1/],
    [() => lion({ betas: [0.9, -0.1] }), /betas\[1\] must be in \[0, 1\), got -0.1/],
    [() => clipByGlobalNorm([constant(1)], 0), /clipNorm must be above 0, got 0/],
  ];
  for (const [run, message] of bad) test(String(message), () => expect(run).toThrow(message));
});
