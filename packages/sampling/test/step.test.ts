import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Step, stepTable } from "../src/index.ts";

const level = (angle: number) => ({ signal: Math.cos(angle), noise: Math.sin(angle) });
const angle = fc.double({ min: 0.01, max: 1.5, noNaN: true });
const eta = fc.double({ min: 0, max: 1, noNaN: true });
const predicts = fc.constantFrom("epsilon" as const, "x0" as const, "v" as const, "flow" as const);

/** The output of a denoiser that knows x0 and epsilon. */
const target = (step: Step, from: { signal: number; noise: number }, x0: number, e: number) =>
  ({ epsilon: e, x0, v: from.signal * e - from.noise * x0, flow: e - x0 })[step.predicts];

describe("stepTable", () => {
  it("recovers x0 and keeps the marginals, whichever way epsilon is treated", () => {
    fc.assert(
      fc.property(angle, angle, eta, predicts, fc.boolean(), (a, b, eta, predicts, keepEpsilon) => {
        const [from, to] = [level(Math.max(a, b)), level(Math.min(a, b))];
        const options = { eta, predicts, keepEpsilon };
        const [step] = stepTable([{ t: 7, from, to }], options);
        const { denoised, next } = step;
        const apply = (x0: number, e: number) => {
          const x = from.signal * x0 + from.noise * e;
          const output = target(step, from, x0, e);
          const clean = denoised.x * x + denoised.prediction * output;
          return { clean, moved: next.x0 * clean + next.x * x + next.prediction * output };
        };
        const signal = apply(1, 0);
        const noise = apply(0, 1);
        // The signal that a step keeps, and the noise of both sources, are those of the next level.
        expect(signal.clean).toBeCloseTo(1, 9);
        expect(noise.clean).toBeCloseTo(0, 9);
        expect(signal.moved).toBeCloseTo(to.signal, 9);
        expect(Math.hypot(noise.moved, next.noise)).toBeCloseTo(to.noise, 9);
      }),
    );
  });

  it("survives JSON unchanged", () => {
    const table = stepTable(
      [
        { t: 9, from: level(1.2), to: level(0.7) },
        { t: 4, from: level(0.7), to: level(0) },
      ],
      { eta: 0.5 },
    );
    expect(JSON.parse(JSON.stringify(table))).toEqual(table);
  });

  it("needs no branch at the end: a clean level takes x0 alone", () => {
    const [step] = stepTable([{ t: 1, from: level(0.1), to: level(0) }], { eta: 1 });
    expect(step.next).toEqual({ x0: 1, x: 0, prediction: 0, noise: 0 });
  });

  it("starts from a clean level when the noise is kept, as inversion does", () => {
    const [step] = stepTable([{ t: 1, from: level(0), to: level(0.5) }], { keepEpsilon: true });
    expect(step.denoised).toEqual({ x: 1, prediction: -0 });
    expect(step.next).toEqual({ x0: Math.cos(0.5), x: 0, prediction: Math.sin(0.5), noise: 0 });
  });

  it("refuses what has no answer", () => {
    const silent = [{ t: 9, from: { signal: 0, noise: 1 }, to: level(0.3) }];
    expect(() => stepTable(silent)).toThrow(/predict v or x0/);
    expect(stepTable(silent, { predicts: "v" })[0].denoised).toEqual({ x: 0, prediction: -1 });
    expect(() => stepTable(silent, { predicts: "x0", eta: 1.5 })).toThrow(
      "eta must be in [0, 1], got 1.5",
    );
  });
});
