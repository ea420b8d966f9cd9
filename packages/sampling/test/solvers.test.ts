import type { FloatArray, NoiseLevel } from "@gen/math";
import { flowSigmas, linearSchedule, logSnrLevel } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import {
  ddimSteps,
  ddpmSteps,
  deisSteps,
  dpmSolverSteps,
  eulerAncestralSteps,
  eulerSteps,
  flowEulerSteps,
  flowTrajectory,
  heunSteps,
  lcmSteps,
  lmsSteps,
  type Step,
  sample,
  saSolverSteps,
  schedulerSteps,
  stepTable,
  type Transition,
  trajectory,
  unipcSteps,
} from "../src/index.ts";

// Data from N(2, 0.3^2): the flow keeps (x - signal mean) / deviation, so its end is known.
const [mean, sigma] = [2, 0.3];
const deviation = ({ signal, noise }: NoiseLevel) => Math.hypot(signal * sigma, noise);
const clean = ({ signal, noise }: NoiseLevel, x: number) =>
  mean + ((signal * sigma ** 2) / deviation({ signal, noise }) ** 2) * (x - signal * mean);

// Time steps are places on a path of log signal-to-noise ratios with uneven moves.
const [first, last] = [-9, 4];
const levelAt = (t: number) => logSnrLevel(first + (last - first) * (t + 0.08 * Math.sin(3 * t)));
const end = 1;
const path = (steps: number): Transition[] =>
  Array.from({ length: steps }, (_, i) => ({
    t: i / steps,
    from: levelAt(i / steps),
    to: levelAt(i === steps - 1 ? end : (i + 1) / steps),
  }));

const denoise = (x: FloatArray, t: number) => x.map((v) => clean(levelAt(t), v));

/** The larger error of two trajectories, whose leading terms do not vanish at once. */
async function errorOf(make: (moves: Transition[]) => Step[], steps: number): Promise<number> {
  const [from, to] = [levelAt(0), levelAt(end)];
  const starts = [1.3, -0.7];
  const table = make(path(steps));
  const { x } = await sample({ denoiser: denoise, steps: table, shape: [2, 1], x: starts });
  const errors = starts.map((start, i) => {
    const share = (start - from.signal * mean) / deviation(from);
    return Math.abs(x[i] - to.signal * mean - deviation(to) * share);
  });
  return Math.max(...errors);
}

describe("the order of convergence on a Gaussian, without randomness", () => {
  const predicts = "x0";
  const lowerOrderFinal = false;
  const solvers: [string, number, (moves: Transition[]) => Step[]][] = [
    ["Euler", 1, (moves) => eulerSteps(moves, { predicts })],
    ["DDIM", 1, (moves) => stepTable(moves, { predicts })],
    ["Heun", 2, (moves) => heunSteps(moves, { predicts })],
    [
      "DPM-Solver++ 3 multistep as diffusers has it",
      2,
      (moves) =>
        dpmSolverSteps(moves, { predicts, order: 3, lowerOrderFinal, compat: "diffusers" }),
    ],
    ...([1, 2, 3] as const).flatMap((order): [string, number, (m: Transition[]) => Step[]][] => [
      ...(["midpoint", "heun"] as const).map(
        (slope): [string, number, (m: Transition[]) => Step[]] => [
          `DPM-Solver++ ${order} multistep, ${slope}`,
          order,
          (moves) => dpmSolverSteps(moves, { predicts, order, slope, lowerOrderFinal }),
        ],
      ),
      [
        `DPM-Solver++ ${order} singlestep`,
        order,
        (moves) =>
          dpmSolverSteps(moves, { predicts, order, method: "singlestep", lowerOrderFinal }),
      ],
      [
        `UniPC ${order}, predictor alone`,
        order,
        (moves) => unipcSteps(moves, { predicts, order, corrector: false, lowerOrderFinal }),
      ],
      ...(["bh1", "bh2"] as const).map((scaling): [string, number, (m: Transition[]) => Step[]] => [
        `UniPC ${order}, ${scaling}`,
        order + 1,
        (moves) => unipcSteps(moves, { predicts, order, scaling, lowerOrderFinal }),
      ]),
    ]),
  ];
  for (const [name, order, make] of solvers) {
    it(`${name}: ${order}`, async () => {
      const steps = 192;
      const [coarse, fine] = [await errorOf(make, steps), await errorOf(make, 2 * steps)];
      expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.25);
      expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.25);
    });
  }
});

const schedule = linearSchedule();
const oracle = (predicts: "epsilon" | "x0") => (x: FloatArray, t: number) => {
  const low = Math.floor(t);
  const [a, b] = [schedule.sigmas[low], schedule.sigmas[Math.min(low + 1, 999)]];
  const ratio = a * (b / a) ** (t - low);
  const level = { signal: 1 / Math.hypot(1, ratio), noise: ratio / Math.hypot(1, ratio) };
  return x.map((v) => {
    const x0 = clean(level, v);
    return predicts === "x0" ? x0 : (v - level.signal * x0) / level.noise;
  });
};

describe("solvers on a schedule, to the clean level", () => {
  it("come closer to the flow's end than DDIM does in as many evaluations", async () => {
    const from = schedule.level(999);
    const exact = mean + (sigma * (1.3 - from.signal * mean)) / deviation(from);
    const error = async (steps: Step[]) => {
      const { x } = await sample({
        denoiser: oracle("epsilon"),
        steps,
        shape: [1, 1],
        x: [1.3],
      });
      return Math.abs(x[0] - exact);
    };
    const options = { steps: 40, sigmas: "karras" } as const;
    const euler = await error(eulerSteps(schedule, options));
    for (const steps of [
      dpmSolverSteps(schedule, options),
      dpmSolverSteps(schedule, { ...options, order: 3 }),
      dpmSolverSteps(schedule, { ...options, method: "singlestep" }),
      dpmSolverSteps(schedule, { ...options, order: 3, method: "singlestep" }),
      unipcSteps(schedule, options),
      unipcSteps(schedule, { ...options, order: 3 }),
    ]) {
      expect(await error(steps)).toBeLessThan(euler / 3);
      expect(JSON.parse(JSON.stringify(steps))).toEqual(steps);
    }
    expect(await error(heunSteps(schedule, { ...options, steps: 20 }))).toBeLessThan(euler);
  });

  it("of first order are DDIM, and Euler's ancestral one is DDPM", () => {
    const close = (a: Step[], b: Step[]) => {
      for (const [i, { t, denoised, next }] of a.entries()) {
        expect(t).toBe(b[i].t);
        expect(denoised).toEqual(b[i].denoised);
        for (const key of ["x0", "x", "noise"] as const) {
          expect(next[key]).toBeCloseTo(b[i].next[key], 12);
        }
      }
    };
    const options = { steps: 12, spacing: "trailing" } as const;
    const ddim = eulerSteps(schedule, options);
    close(dpmSolverSteps(schedule, { ...options, order: 1 }), ddim);
    close(unipcSteps(schedule, { ...options, order: 1, corrector: false }), ddim);
    const ddpm = eulerAncestralSteps(schedule, options);
    close(dpmSolverSteps(schedule, { ...options, order: 1, sde: true }), ddpm);
    close(ddpm, stepTable(trajectory(schedule, options), { eta: 1 }));
  });

  it("of the stochastic equation keep the data's mean and spread", async () => {
    for (const [order, slope] of [
      [2, "midpoint"],
      [2, "heun"],
      [3, "heun"],
    ] as const) {
      const steps = dpmSolverSteps(schedule, {
        steps: 100,
        sigmas: "karras",
        order,
        slope,
        sde: true,
      });
      const { x } = await sample({ denoiser: oracle("epsilon"), steps, shape: [4000, 1], seed: 1 });
      const values = Array.from(x);
      const average = values.reduce((sum, v) => sum + v, 0) / values.length;
      const spread = Math.sqrt(values.reduce((s, v) => s + (v - average) ** 2, 0) / values.length);
      expect(Math.abs(average - mean)).toBeLessThan(0.02);
      expect(Math.abs(spread / sigma - 1)).toBeLessThan(0.05);
    }
  });

  it("start from a level without signal", async () => {
    const silent = linearSchedule({ rescaleBetasZeroSnr: true });
    const denoiser = (x: FloatArray, t: number) => x.map((v) => clean(silent.level(t), v));
    const options = { steps: 100, spacing: "trailing", predicts: "x0" } as const;
    for (const steps of [
      dpmSolverSteps(silent, { ...options, order: 3 }),
      dpmSolverSteps(silent, { ...options, order: 3, method: "singlestep" }),
      unipcSteps(silent, { ...options, order: 3 }),
      heunSteps(silent, options),
    ]) {
      const { x } = await sample({ denoiser, steps, shape: [1, 1], x: [1] });
      expect(Math.abs(x[0] - (mean + sigma))).toBeLessThan(0.006);
    }
  });

  it("of a flow reach its end, told 1000 times the noise", async () => {
    const denoiser = (x: FloatArray, t: number) => {
      const noise = t / 1000;
      const level = { signal: 1 - noise, noise };
      return x.map((v) => {
        const x0 = clean(level, v);
        return (v - level.signal * x0) / noise - x0;
      });
    };
    const error = async (steps: number, shift: number) => {
      const table = flowEulerSteps({ steps, shift });
      expect(table[0].t).toBe(1000);
      const { x } = await sample({ denoiser, steps: table, shape: [1, 1], x: [1.5] });
      return Math.abs(x[0] - (mean + 1.5 * sigma));
    };
    for (const shift of [1, 3]) {
      const [coarse, fine] = [await error(200, shift), await error(400, shift)];
      expect(Math.log2(coarse / fine)).toBeCloseTo(1, 1);
    }
    // The same flow by a solver of higher order.
    const better = unipcSteps(flowTrajectory({ steps: 40 }).slice(1), { predicts: "flow" });
    const x = [flowTrajectory({ steps: 40 })[1].from].map(
      (from) => from.signal * mean + 1.5 * deviation(from),
    );
    const out = await sample({ denoiser, steps: better, shape: [1, 1], x });
    expect(Math.abs(out.x[0] - (mean + 1.5 * sigma))).toBeLessThan((await error(40, 1)) / 10);
  });

  it("of a flow go through noises of one's own, and add fresh noise where asked", async () => {
    const sigmas = flowSigmas({ steps: 6, shift: 3 });
    const table = flowEulerSteps({ sigmas });
    expect(table.map(({ t }) => t)).toEqual(Array.from(sigmas, (s) => 1000 * s));
    expect(table.map(({ next }) => next.prediction)).toEqual(
      Array.from(sigmas, (s, i) => (sigmas[i + 1] ?? 0) - s),
    );
    const velocity = (x: FloatArray, t: number) => {
      const level = { signal: 1 - t / 1000, noise: t / 1000 };
      return x.map((v) => {
        const x0 = clean(level, v);
        return (v - level.signal * x0) / level.noise - x0;
      });
    };
    // Each step keeps the marginal of what it says, so the data's spread comes back.
    const steps = flowEulerSteps({ steps: 300, stochastic: true });
    const { x } = await sample({ denoiser: velocity, steps, shape: [2000, 1], seed: 2 });
    const average = Array.from(x).reduce((sum, v) => sum + v, 0) / x.length;
    expect(Math.abs(average - mean)).toBeLessThan(0.02);
    const [{ next }] = flowEulerSteps({ sigmas: [1, 0.4], stochastic: true });
    expect(next).toEqual({ x0: 0.6, x: 0, prediction: 0, noise: 0.4 });
    expect(() => flowEulerSteps({ sigmas: [0.5, 0.5] })).toThrow("strictly descend in (0, 1]");
    expect(() => flowEulerSteps({})).toThrow("steps must be a positive integer, got undefined");
  });

  it("spread over sigmas take the quantiles of a beta distribution too", () => {
    const moves = trajectory(schedule, { steps: 5, sigmas: "beta" });
    const sigmaOf = ({ from }: Transition) => from.noise / from.signal;
    const [high, low] = [schedule.sigmas[999], schedule.sigmas[0]];
    // Its distribution is symmetric.
    expect(sigmaOf(moves[2])).toBeCloseTo((high + low) / 2, 10);
    expect(sigmaOf(moves[1]) + sigmaOf(moves[3])).toBeCloseTo(high + low, 10);
    expect(moves[4].to).toEqual({ signal: 1, noise: 0 });
  });

  it("of consistency models jump to the clean estimate and back up", async () => {
    const steps = lcmSteps(schedule, { steps: 4 });
    expect(steps.map(({ t }) => t)).toEqual([999, 759, 499, 259]);
    // LatentConsistencyModelImg2ImgPipeline of diffusers 0.39 for strength 0.6.
    const part = lcmSteps(schedule, { steps: 4, strength: 0.6 });
    expect(part.map(({ t }) => t)).toEqual([599, 459, 299, 159]);
    const told: number[] = [];
    const { x } = await sample({
      // Always the same clean sample, as a distilled model of one point says.
      denoiser: (x, t) => {
        told.push(t);
        const { signal, noise } = schedule.level(t);
        return x.map((v) => (v - signal * 0.7) / noise);
      },
      steps,
      shape: [2, 1],
    });
    for (const v of x) expect(v).toBeCloseTo(0.7, 3);
    expect(told).toEqual([999, 759, 499, 259]);
    for (const [i, { next }] of steps.entries()) {
      const level = i === 3 ? { signal: 1, noise: 0 } : schedule.level(steps[i + 1].t);
      const u = 10 * steps[i].t;
      const [skip, out] = [0.25 / (u ** 2 + 0.25), u / Math.hypot(u, 0.5)];
      expect(next).toEqual({
        x0: level.signal * out,
        x: level.signal * skip,
        prediction: 0,
        noise: level.noise,
      });
    }
  });
});

describe("DPM-Solver++ of order 3, multistep", () => {
  it("as diffusers has it is the authors' published update", () => {
    const [a, b, c, d] = [-2.1, -1.4, -0.9, 0.3].map((lambda) => logSnrLevel(2 * lambda));
    const moves = [
      { t: 2, from: a, to: b },
      { t: 1, from: b, to: c },
      { t: 0, from: c, to: d },
    ];
    const options = { predicts: "x0", order: 3, lowerOrderFinal: false } as const;
    const { next } = dpmSolverSteps(moves, { ...options, compat: "diffusers" })[2];
    // dpm_solver_pytorch's multistep_dpm_solver_third_update for estimates m0 (the latest), m1, m2.
    const [h, r0, r1] = [1.2, 0.5 / 1.2, 0.7 / 1.2];
    const phi1 = Math.expm1(-h);
    const phi2 = phi1 / h + 1;
    const phi3 = phi2 / h - 0.5;
    const theirs = (m0: number, m1: number, m2: number) => {
      const [near, far] = [(m0 - m1) / r0, (m1 - m2) / r1];
      const D1 = near + (r0 / (r0 + r1)) * (near - far);
      const D2 = (near - far) / (r0 + r1);
      return d.signal * (-phi1 * m0 + phi2 * D1 - phi3 * D2);
    };
    expect(next.x0).toBeCloseTo(theirs(1, 0, 0), 13);
    expect(next.history?.[0]).toBeCloseTo(theirs(0, 1, 0), 13);
    expect(next.history?.[1]).toBeCloseTo(theirs(0, 0, 1), 13);
    expect(next.x).toBeCloseTo(d.noise / c.noise, 14);
  });

  it("is exact on estimates that are a parabola of lambda, where theirs is not", async () => {
    // x0 = lambda^2 along x' = noise'/noise x + signal' * integral of exp(lambda - lambda') x0.
    const lambdas = [-2.1, -1.4, -0.9, 0.3];
    const levels = lambdas.map((lambda) => logSnrLevel(2 * lambda));
    const moves = [0, 1, 2].map((i) => ({ t: i, from: levels[i], to: levels[i + 1] }));
    const step = (compat?: "diffusers") =>
      dpmSolverSteps(moves, { predicts: "x0", order: 3, lowerOrderFinal: false, compat })[2].next;
    const squares = lambdas.map((v) => v * v);
    const told = ({ x0, history = [] }: Step["next"]) =>
      x0 * squares[2] + history[0] * squares[1] + history[1] * squares[0];
    const primitive = (v: number) => v * v - 2 * v + 2;
    const [from, to] = [lambdas[2], lambdas[3]];
    const exact = levels[3].signal * (primitive(to) - Math.exp(from - to) * primitive(from));
    expect(told(step())).toBeCloseTo(exact, 13);
    expect(Math.abs(told(step("diffusers")) - exact)).toBeGreaterThan(0.05);
  });
});

describe("solvers' options", () => {
  const moves = trajectory(linearSchedule({ steps: 10 }), { steps: 3 });

  it.each([
    [dpmSolverSteps, { slope: "Heun" }, "slope must be midpoint or heun, got Heun"],
    [dpmSolverSteps, { method: "single" }, "method must be multistep or singlestep, got single"],
    [dpmSolverSteps, { sde: "yes" }, "sde must be true or false, got yes"],
    [dpmSolverSteps, { lowerOrderFinal: "no" }, "lowerOrderFinal must be true or false, got no"],
    [dpmSolverSteps, { compat: "Diffusers" }, "compat must be authors or diffusers, got Diffusers"],
    [dpmSolverSteps, { order: "2" }, 'order must be 1, 2 or 3, got "2"'],
    [unipcSteps, { scaling: "bh3" }, "scaling must be bh1 or bh2, got bh3"],
    [unipcSteps, { corrector: 0 }, "corrector must be true or false, got 0"],
    [unipcSteps, { lowerOrderFinal: null }, "lowerOrderFinal must be true or false, got null"],
    [ddimSteps, { compat: "Diffusers" }, "compat must be diffusers or left out, got Diffusers"],
    [ddimSteps, { keepEpsilon: "false" }, 'keepEpsilon must be true or false, got "false"'],
    [ddpmSteps, { compat: true }, "compat must be diffusers or left out, got true"],
    [ddpmSteps, { variance: "fixed_lage" }, "variance must be one of fixed_small, "],
    [lmsSteps, { order: 5 }, "order must be 1, 2, 3 or 4, got 5"],
  ] as const)("%o refuses %o", (make, options, message) => {
    expect(() => make(moves, options as never)).toThrow(message);
  });

  it("of flows and of a scheduler's steps refuse typos too", () => {
    expect(() => flowEulerSteps({ steps: 2, stochastic: "no" as never })).toThrow(
      "stochastic must be true or false, got no",
    );
    const scheduler = { schedule: linearSchedule() };
    expect(() => schedulerSteps(scheduler, { compat: "Diffusers" as never })).toThrow(
      "compat must be diffusers or left out, got Diffusers",
    );
    expect(() => schedulerSteps(scheduler, { useClippedModelOutput: "no" as never })).toThrow(
      "useClippedModelOutput must be true or false, got no",
    );
  });

  it("say what is not allowed", () => {
    const wrong = (f: () => unknown) => expect(f);
    wrong(() => dpmSolverSteps(schedule, { order: 4 as never })).toThrow("order must be 1, 2 or 3");
    wrong(() => dpmSolverSteps(path(3), { method: "singlestep", groups: [2] })).toThrow(
      "groups must have 3 moves together, got 2",
    );
    wrong(() => deisSteps(schedule, { order: 4 as never })).toThrow("order must be 1, 2 or 3");
    wrong(() => saSolverSteps(schedule, { correctorOrder: 5 as never })).toThrow(
      "correctorOrder must be 1, 2, 3 or 4, got 5",
    );
    wrong(() => unipcSteps(schedule, { order: 0 as never })).toThrow(
      "order must be a positive integer",
    );
    wrong(() => eulerSteps([])).toThrow("a path must have at least one move");
    wrong(() => trajectory(schedule, { sigmas: [1, 2] })).toThrow("strictly descend");
    wrong(() => flowEulerSteps({ steps: 0 })).toThrow("steps must be a positive integer, got 0");
    wrong(() => lcmSteps(schedule, { steps: 51 })).toThrow("steps must be an integer in 1..50");
    wrong(() => lcmSteps(schedule, { strength: 0.01 })).toThrow("strength must be in [1 / 50, 1]");
    wrong(() => lcmSteps(schedule, { strength: 1.1 })).toThrow("strength must be in [1 / 50, 1]");
    wrong(() => lcmSteps(schedule, { steps: 4, strength: 0.07 })).toThrow("in 1..3, got 4");
  });

  it("refuse a multistep table cut at its head", async () => {
    const steps = unipcSteps(schedule, { steps: 6 }).slice(2);
    await expect(sample({ denoiser: (x) => x, steps, shape: [1, 1] })).rejects.toThrow(
      "steps must not take more estimates than earlier rows",
    );
  });
});
