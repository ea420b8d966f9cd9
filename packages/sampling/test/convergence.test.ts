import type { FloatArray, NoiseLevel } from "@gen/math";
import { logSnrLevel } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import {
  deisSteps,
  dpm2Steps,
  dpmSolverSteps,
  heunSteps,
  ipndmSteps,
  lmsSteps,
  pndmSteps,
  type Step,
  sample,
  stepTable,
  type Transition,
  unipcSteps,
} from "../src/index.ts";

// Time steps are places on a path of log signal-to-noise ratios.
const [first, last] = [-8, 5];
const levelAt = (t: number) => logSnrLevel(first + (last - first) * t);
const path = (steps: number): Transition[] =>
  Array.from({ length: steps }, (_, i) => ({
    t: i / steps,
    from: levelAt(i / steps),
    to: levelAt((i + 1) / steps),
  }));

// Equal modes N(+-1, 0.2^2): the estimate turns from one mean to the other in the last stretch.
const [mode, sigma] = [1, 0.2];
function clean({ signal, noise }: NoiseLevel, x: number): number {
  const variance = (signal * sigma) ** 2 + noise ** 2;
  const share = 1 / (1 + Math.exp((-2 * signal * mode * x) / variance));
  const shrink = (signal * sigma ** 2) / variance;
  const at = (mean: number) => mean + shrink * (x - signal * mean);
  return share * at(mode) + (1 - share) * at(-mode);
}
const denoiser = (x: FloatArray, t: number) => x.map((v) => clean(levelAt(t), v));
const starts = [0.35, -1.2, 0.9];

async function ends(steps: readonly Step[]): Promise<number[]> {
  const { x } = await sample({ denoiser, steps, shape: [starts.length, 1], x: starts });
  return [...x];
}
const predicts = "x0";
const common = { predicts, lowerOrderFinal: false } as const;
const timeOf = (ratio: number) => (-2 * Math.log(ratio) - first) / (last - first);
const solvers: [string, number, (moves: Transition[]) => Step[]][] = [
  ["DDIM", 1, (moves) => stepTable(moves, { predicts })],
  ["Heun", 2, (moves) => heunSteps(moves, { predicts })],
  ["DPM-Solver-2", 2, (moves) => dpm2Steps(moves, { predicts, timeOf })],
  ...([1, 2, 3, 4] as const).map((order): (typeof solvers)[number] => [
    `LMS ${order}`,
    order,
    (moves) => lmsSteps(moves, { predicts, order }),
  ]),
  // Its weights are those of equal steps of DDIM's move, of which the path has none.
  ["IPNDM", 2, (moves) => ipndmSteps(moves, { predicts })],
  ["PNDM", 2, (moves) => pndmSteps(moves, { predicts })],
  ["PNDM after Runge-Kutta", 2, (moves) => pndmSteps(moves, { predicts, rungeKutta: 3 })],
  ["DPM-Solver 2", 2, (moves) => dpmSolverSteps(moves, { ...common, order: 2, form: "noise" })],
  ...([2, 3] as const).flatMap((order): typeof solvers => [
    [`DPM-Solver++ ${order}M`, order, (moves) => dpmSolverSteps(moves, { ...common, order })],
    [
      `DPM-Solver++ ${order}S`,
      order,
      (moves) => dpmSolverSteps(moves, { ...common, order, method: "singlestep" }),
    ],
    [`UniPC ${order}`, order + 1, (moves) => unipcSteps(moves, { ...common, order })],
  ]),
  ...([1, 2, 3] as const).map((order): (typeof solvers)[number] => [
    `DEIS ${order}`,
    order,
    (moves) => deisSteps(moves, { ...common, order }),
  ]),
];

describe("the order of convergence on a mixture of two modes", () => {
  const truth = ends(unipcSteps(path(3000), { ...common, order: 3 }));
  const errorOf = async (steps: readonly Step[]) => {
    const [found, exact] = [await ends(steps), await truth];
    return found.reduce((most, x, i) => Math.max(most, Math.abs(x - exact[i])), 0);
  };

  it.each(solvers)("%s: %d", async (_, order, make) => {
    const [coarse, fine] = [await errorOf(make(path(192))), await errorOf(make(path(384)))];
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.25);
    expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.25);
  });
});
