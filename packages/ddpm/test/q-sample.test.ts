import { constant, graphOf, tensor } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { cosineSchedule, linearSchedule } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { fixture } from "../../../tooling/fixtures/fixture.ts";
import { noise, pixdata } from "../../../tooling/fixtures/inputs.ts";
import { ddpmLoss, qSample } from "../src/index.ts";

const { cases } = fixture("elementary.json");

describe("qSample", () => {
  for (const { T, schedule: kind, t, shape, q_sample } of cases) {
    // guided-diffusion scales its linear betas by 1000 / T.
    const options = { steps: T, betaStart: 0.1 / T, betaEnd: 20 / T };
    const schedule = kind === "linear" ? linearSchedule(options) : cosineSchedule({ steps: T });
    it(`is guided-diffusion's, ${kind} ${T}, as arrays and as expressions`, () => {
      const [x0, epsilon] = [pixdata(shape), noise(shape, 0)];
      const found = qSample(schedule, x0, t, epsilon);
      const wrap = (values: ArrayLike<number>) => constant(tensor(values, shape, "float32"));
      const steps = constant(tensor(t, [4], "int64"));
      const graph = graphOf({ y: qSample(schedule, wrap(x0), steps, wrap(epsilon)) });
      const traced = evaluate(graph, {}).y.data;
      for (const [i, v] of q_sample.entries()) {
        expect(found[i]).toBeCloseTo(v, 12);
        expect(Number(traced[i])).toBeCloseTo(v, 6);
      }
    });
  }

  it("refuses arguments that do not fit", () => {
    const schedule = linearSchedule({ steps: 10 });
    const two = Float64Array.of(1, 2);
    for (const t of [10, -1, 0.5, Number.NaN]) {
      const rule = `t must be an integer in 0..9, got ${t}`;
      expect(() => qSample(schedule, two, t, two)).toThrow(rule);
      expect(() => qSample(schedule, two, [0, t], two)).toThrow(rule);
    }
    expect(() => qSample(schedule, two, 1, Float64Array.of(1))).toThrow(
      "epsilon must have as many numbers as x0",
    );
  });
});

describe("ddpmLoss", () => {
  it("is 0 for a denoiser that knows the answer, and the target's square for one that says 0", () => {
    const schedule = linearSchedule({ steps: 10, betaEnd: 0.5 });
    const values = [0.5, -1, 2, 0.25];
    const x0 = constant(tensor(values, [2, 2]));
    const epsilon = constant(tensor([1, -0.5, 0, 0.75], [2, 2]));
    const t = constant(tensor([9, 3], [2], "int64"));
    const targets = {
      epsilon: [1, -0.5, 0, 0.75],
      x0: values,
      v: [1, -0.5, 0, 0.75].map((e, i) => {
        const { signal, noise } = schedule.level(i < 2 ? 9 : 3);
        return signal * e - noise * values[i];
      }),
    };
    for (const predicts of ["epsilon", "x0", "v"] as const) {
      const at = (output: number[]) => {
        const model = { predicts, parameters: [], apply: () => constant(tensor(output, [2, 2])) };
        const loss = ddpmLoss(model, schedule)({ x0, t, epsilon });
        return Number(evaluate(graphOf({ loss }), {}).loss.data[0]);
      };
      expect(at(targets[predicts])).toBeCloseTo(0, 12);
      const square = targets[predicts].reduce((s, v) => s + (v * v) / 4, 0);
      expect(at([0, 0, 0, 0])).toBeCloseTo(square, 6);
    }
  });
});
