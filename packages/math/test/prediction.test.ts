import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { denoisedCoefficients, epsilonCoefficients } from "../src/index.ts";
import { predictionRow } from "../src/prediction.ts";

const number = fc.double({ min: -3, max: 3, noNaN: true });
const level = fc.record({
  signal: fc.double({ min: 0.01, max: 1, noNaN: true }),
  noise: fc.double({ min: 0.01, max: 10, noNaN: true }),
});
const types = ["epsilon", "x0", "v"] as const;

describe("prediction rows", () => {
  test("x0 and epsilon come back from x_t and the target", () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), level, number, number, (type, at, x0, epsilon) => {
        const x = at.signal * x0 + at.noise * epsilon;
        const { p, q } = predictionRow(type, at);
        const output = p * x0 + q * epsilon;
        const clean = denoisedCoefficients(type, at);
        const drawn = epsilonCoefficients(type, at);
        expect(clean.x * x + clean.prediction * output).toBeCloseTo(x0, 9);
        expect(drawn.x * x + drawn.prediction * output).toBeCloseTo(epsilon, 9);
      }),
    );
  });

  test("the rows are those of the literature", () => {
    const at = { signal: 0.6, noise: 0.8 };
    expect(predictionRow("epsilon", at)).toEqual({ p: 0, q: 1 });
    expect(predictionRow("x0", at)).toEqual({ p: 1, q: 0 });
    expect(predictionRow("v", at)).toEqual({ p: -0.8, q: 0.6 });
    // x0 = alpha x - sigma v, Salimans and Ho, appendix D
    const v = denoisedCoefficients("v", at);
    expect(v.x).toBeCloseTo(0.6, 15);
    expect(v.prediction).toBeCloseTo(-0.8, 15);
  });

  test("any row is accepted, such as the velocity of a flow", () => {
    const at = { signal: 0.75, noise: 0.25 };
    // velocity = epsilon - x0, so x0 = x - noise * velocity
    expect(denoisedCoefficients({ p: -1, q: 1 }, at)).toEqual({ x: 1, prediction: -0.25 });
    expect(epsilonCoefficients({ p: -1, q: 1 }, at)).toEqual({ x: 1, prediction: 0.75 });
  });

  test("at zero signal and at zero noise", () => {
    const pure = { signal: 0, noise: 1 };
    const clean = { signal: 1, noise: 0 };
    expect(() => denoisedCoefficients("epsilon", pure)).toThrow("predict v or x0 instead");
    expect(() => epsilonCoefficients("x0", clean)).toThrow("predict v or epsilon instead");
    expect(denoisedCoefficients("x0", clean)).toEqual({ x: 0, prediction: 1 });
    expect(denoisedCoefficients("x0", pure)).toEqual({ x: 0, prediction: 1 });
    expect(epsilonCoefficients("epsilon", pure)).toEqual({ x: 0, prediction: 1 });
    const v = denoisedCoefficients("v", pure);
    expect([v.x, v.prediction].map((value) => value + 0)).toEqual([0, -1]);
  });

  test("an unknown type throws with its name", () => {
    expect(() => predictionRow("score" as "v", { signal: 1, noise: 0 })).toThrow(
      "type must be epsilon, x0, v or flow, got score",
    );
  });
});
