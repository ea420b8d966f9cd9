import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joint } from "../src/index.ts";

const shape = [2, 3, 2];
const tables = fc
  .array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 })
  .map((values) => {
    const sum = values.reduce((total, value) => total + value, 0);
    return { shape, probabilities: values.map((value) => value / sum) };
  });

// A chain 0 -> 1 -> 2 over {0, 1}.
const start = [0.3, 0.7];
const steps = [
  [
    [0.9, 0.1],
    [0.2, 0.8],
  ],
  [
    [0.5, 0.5],
    [1, 0],
  ],
];
const chain = {
  shape: [2, 2, 2],
  probabilities: [0, 1, 2, 3, 4, 5, 6, 7].map((i) => {
    const [x, y, z] = [i >> 2, (i >> 1) & 1, i & 1];
    return start[x] * steps[0][x][y] * steps[1][y][z];
  }),
};

describe("joint", () => {
  test("marginals and conditions by hand", () => {
    const p = { shape: [2, 2], probabilities: [0.1, 0.2, 0.3, 0.4] };
    const round = (values: ArrayLike<number>) => Array.from(values, (v) => Number(v.toFixed(12)));
    expect(round(joint.marginal(p, [0]).probabilities)).toEqual([0.3, 0.7]);
    expect(round(joint.marginal(p, [1]).probabilities)).toEqual([0.4, 0.6]);
    expect(round(joint.marginal(p, [1, 0]).probabilities)).toEqual([0.1, 0.3, 0.2, 0.4]);
    expect(round(joint.condition(p, { 0: 1 }).probabilities)).toEqual(round([3 / 7, 4 / 7]));
    expect(joint.condition(p, { 0: 1, 1: 0 })).toEqual({
      shape: [],
      probabilities: Float64Array.of(1),
    });
  });

  test("the chain rule's factors multiply to the joint, each conditional sums to 1", () => {
    fc.assert(
      fc.property(tables, (p) => {
        const factors = joint.chainRule(p);
        expect(factors.map((factor) => factor.shape)).toEqual([[2], [2, 3], [2, 3, 2]]);
        for (let i = 0; i < 12; i++) {
          const places = [Math.floor(i / 6), Math.floor(i / 2), i];
          const product = factors.reduce((sum, f, k) => sum * f.probabilities[places[k]], 1);
          expect(product).toBeCloseTo(p.probabilities[i], 14);
        }
      }),
    );
  });

  test("P(A, B) = P(B | A) P(A)", () => {
    fc.assert(
      fc.property(tables, (p) => {
        const first = joint.marginal(p, [0]).probabilities;
        for (const x of [0, 1]) {
          const rest = joint.condition(p, { 0: x });
          expect(rest.shape).toEqual([3, 2]);
          Array.from(rest.probabilities).forEach((probability, i) => {
            expect(probability * first[x]).toBeCloseTo(p.probabilities[x * 6 + i], 14);
          });
        }
      }),
    );
  });

  test("a chain and its reverse are Markov, an arbitrary table is not", () => {
    expect(joint.isMarkov(chain)).toBe(true);
    expect(joint.isMarkov(joint.marginal(chain, [2, 1, 0]))).toBe(true);
    // The last variable copies the first; the middle variable is independent of both.
    const copy = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => (i >> 2 === (i & 1) ? 0.25 : 0));
    expect(joint.isMarkov({ shape: [2, 2, 2], probabilities: copy })).toBe(false);
    expect(joint.isMarkov({ shape: [2, 2], probabilities: [0.1, 0.2, 0.3, 0.4] })).toBe(true);
  });

  test("a table, an axis or a condition that does not fit throws", () => {
    expect(() => joint.marginal({ shape: [2, 2], probabilities: [1] }, [0])).toThrow(
      "probabilities must fill the shape [2,2], 4, got 1",
    );
    expect(() => joint.marginal(chain, [3])).toThrow("axes must be integers in 0..2, got 3");
    expect(() => joint.condition(chain, { 1: 1, 2: 1 })).toThrow("positive probability");
  });
});
