import type { NoiseLevel } from "@gen/math";
import { logSnrLevel } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import {
  deisSteps,
  dpmSolverSteps,
  type Step,
  saSolverSteps,
  type Transition,
  unipcSteps,
} from "../src/index.ts";

// Data from N(2, 0.3^2): the flow keeps (x - signal mean) / deviation, so its end is known.
const [mean, sigma] = [2, 0.3];
const deviation = ({ signal, noise }: NoiseLevel) => Math.hypot(signal * sigma, noise);
const clean = (level: NoiseLevel, x: number) =>
  mean + ((level.signal * sigma ** 2) / deviation(level) ** 2) * (x - level.signal * mean);

const levelAt = (t: number) => logSnrLevel(-9 + 13 * (t + 0.08 * Math.sin(3 * t)));
const path = (steps: number): Transition[] =>
  Array.from({ length: steps }, (_, i) => ({
    t: i / steps,
    from: levelAt(i / steps),
    to: levelAt((i + 1) / steps),
  }));

/** A table's rows on one number, as `Step` describes them, with z of each row. */
function run(steps: readonly Step[], start: number, z: (row: number) => number = () => 0): number {
  let x = start;
  let past: number[] = [];
  for (const [
    row,
    { t, denoised, next, keeps = { x0: 1, x: 0, prediction: 0 } },
  ] of steps.entries()) {
    const p = clean(levelAt(t), x);
    const x0 = denoised.x * x + denoised.prediction * p;
    const kept = [keeps].flat().map((one) => one.x0 * x0 + one.x * x + one.prediction * p);
    const history = (next.history ?? []).reduce((sum, c, k) => sum + c * past[k], 0);
    x = next.x0 * x0 + next.x * x + next.prediction * p + history + next.noise * z(row);
    past = [...kept, ...past];
  }
  return x;
}

function errorOf(make: (moves: Transition[]) => Step[], steps: number): number {
  const [from, to] = [levelAt(0), levelAt(1)];
  const errors = [1.3, -0.7].map((start) => {
    const share = (start - from.signal * mean) / deviation(from);
    return Math.abs(run(make(path(steps)), start) - to.signal * mean - deviation(to) * share);
  });
  return Math.max(...errors);
}

describe("the order of convergence on a Gaussian, without randomness", () => {
  const fixed = { predicts: "x0", lowerOrderFinal: false } as const;
  const solvers: [string, number, (moves: Transition[]) => Step[]][] = ([1, 2, 3] as const).flatMap(
    (order): [string, number, (moves: Transition[]) => Step[]][] => [
      [`DEIS ${order}`, order, (moves) => deisSteps(moves, { ...fixed, order })],
      ...(["multistep", "singlestep"] as const).map(
        (method): [string, number, (moves: Transition[]) => Step[]] => [
          `DPM-Solver ${order} of the noise, ${method}`,
          order,
          (moves) => dpmSolverSteps(moves, { ...fixed, order, method, form: "noise" }),
        ],
      ),
      [
        `UniPC ${order} of the noise, predictor alone`,
        order,
        (moves) => unipcSteps(moves, { ...fixed, order, corrector: false, form: "noise" }),
      ],
      ...(["data", "noise"] as const).map(
        (form): [string, number, (moves: Transition[]) => Step[]] => [
          `SA-Solver ${order} of the ${form}, with a corrector of ${order + 1}`,
          order + 1,
          (moves) =>
            saSolverSteps(moves, {
              ...fixed,
              form,
              tau: () => 0,
              predictorOrder: order,
              correctorOrder: (order + 1) as 2 | 3 | 4,
            }),
        ],
      ),
    ],
  );
  for (const [name, order, make] of solvers) {
    it(`${name}: ${order}`, () => {
      const [coarse, fine] = [errorOf(make, 192), errorOf(make, 384)];
      expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.25);
    });
  }
});

describe("DEIS", () => {
  it("is DPM-Solver of the noise with the polynomial in full", () => {
    const options = { predicts: "v", order: 3, lowerOrderFinal: false } as const;
    const moves = path(12);
    const dpm = dpmSolverSteps(moves, { ...options, form: "noise", slope: "heun" });
    for (const [i, { next, keeps }] of deisSteps(moves, options).entries()) {
      expect(next.x0).toBeCloseTo(dpm[i].next.x0, 10);
      expect(next.x).toBeCloseTo(dpm[i].next.x, 10);
      for (const [k, c] of (next.history ?? []).entries()) {
        expect(c).toBeCloseTo(dpm[i].next.history?.[k] as number, 10);
      }
      expect(keeps).toEqual(dpm[i].keeps);
    }
  });
});

describe("solvers with fresh noise", () => {
  // z is a sum of twelve uniform numbers; the same for every solver.
  let seed = 1;
  const uniform = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const normal = () => Array.from({ length: 12 }, uniform).reduce((sum, u) => sum + u, -6);
  const end = levelAt(1);
  const solvers: [string, Step[]][] = [
    ["SA-Solver, tau 1", saSolverSteps(path(60), { predicts: "x0", tau: () => 1 })],
    [
      "SA-Solver of the noise, tau 0.5",
      saSolverSteps(path(60), { predicts: "x0", form: "noise", tau: () => 0.5 }),
    ],
    [
      "DPM-Solver++ 2, singlestep",
      dpmSolverSteps(path(60), { predicts: "x0", method: "singlestep", sde: true, slope: "heun" }),
    ],
    [
      "DPM-Solver++ 3, singlestep",
      dpmSolverSteps(path(180), {
        predicts: "x0",
        method: "singlestep",
        order: 3,
        sde: true,
        slope: "heun",
      }),
    ],
    [
      "DPM-Solver 2 of the noise",
      dpmSolverSteps(path(60), { predicts: "x0", form: "noise", sde: true, slope: "heun" }),
    ],
  ];
  it.each(solvers)("%s: keep the data's mean and spread", (_, steps) => {
    const from = levelAt(0);
    const values = Array.from({ length: 4000 }, () =>
      run(steps, from.signal * mean + deviation(from) * normal(), normal),
    );
    const average = values.reduce((sum, v) => sum + v, 0) / values.length;
    const spread = Math.sqrt(values.reduce((s, v) => s + (v - average) ** 2, 0) / values.length);
    expect(Math.abs(average - end.signal * mean)).toBeLessThan(0.03);
    expect(Math.abs(spread / deviation(end) - 1)).toBeLessThan(0.06);
  });
});
