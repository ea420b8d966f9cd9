import { input, parametersOf, type Tensor, tensorNumbers } from "@gen/graph";
import {
  type Initializer,
  kaimingNormal,
  kaimingUniform,
  mlp,
  normalWeights,
  ones,
  uniform,
  xavierNormal,
  xavierUniform,
  zeros,
} from "@gen/nn";
import { describe, expect, test } from "vitest";
import { fanInOut, fanInUniform } from "../src/initializers.ts";
import { linear } from "../src/linear.ts";

const shape = [200, 30, 3, 3];
const key = { seed: 0, name: "w" };
const moments = (t: Tensor) => {
  const v = Array.from(tensorNumbers(t));
  const mean = v.reduce((a, b) => a + b) / v.length;
  const square = v.reduce((a, b) => a + (b - mean) ** 2, 0) / v.length;
  return { mean, deviation: Math.sqrt(square), largest: Math.max(...v.map(Math.abs)) };
};

test("fanInOut counts the kernel", () => {
  expect(fanInOut(shape)).toEqual({ fanIn: 270, fanOut: 1800 });
  expect(() => fanInOut([4])).toThrow(/\[out, in, \.\.\.kernel\], got \[4\]/);
});

describe("deviation and range", () => {
  const root = Math.sqrt(3);
  const cases: [string, Initializer, number, boolean][] = [
    ["uniform", uniform(0.3), 0.3 / root, true],
    ["normalWeights", normalWeights(0.7), 0.7, false],
    ["kaimingUniform", kaimingUniform(), Math.sqrt(2 / 270), true],
    ["kaimingNormal", kaimingNormal(1), Math.sqrt(1 / 270), false],
    ["xavierUniform", xavierUniform(), Math.sqrt(2 / 2070), true],
    ["xavierNormal", xavierNormal(2), 2 * Math.sqrt(2 / 2070), false],
    ["fanInUniform", fanInUniform, 1 / Math.sqrt(270) / root, true],
  ];
  for (const [name, initializer, deviation, bounded] of cases) {
    test(name, () => {
      const value = initializer(shape, key);
      expect(value.shape).toEqual(shape);
      expect(value.dtype).toBe("float32");
      const got = moments(value);
      // 54,000 numbers: five standard errors of the mean, and 2 % of the deviation.
      expect(Math.abs(got.mean)).toBeLessThan((5 * deviation) / Math.sqrt(54_000));
      expect(got.deviation / deviation).toBeCloseTo(1, 1.7);
      if (bounded) expect(got.largest).toBeLessThanOrEqual(deviation * root * (1 + 1e-6));
      else expect(got.largest).toBeGreaterThan(3 * deviation);
    });
  }
  test("constants", () => {
    expect(Array.from(tensorNumbers(zeros([2, 2], key)))).toEqual([0, 0, 0, 0]);
    expect(Array.from(tensorNumbers(ones([3], key)))).toEqual([1, 1, 1]);
  });
});

describe("weights depend on seed and name alone", () => {
  const weights = (seed: number, name: string) => {
    const x = input("x", { shape: ["batch", 8] });
    return Array.from(tensorNumbers(parametersOf(linear(name, 8, 4, { seed })(x))[0].value));
  };
  test("not on weights made before", () => {
    const alone = weights(3, "b");
    weights(3, "a");
    mlp({ inputs: 2, hidden: [4], seed: 3 });
    expect(weights(3, "b")).toEqual(alone);
  });
  test("other names and seeds give other weights; seed 0 is a seed like any other", () => {
    const all = [weights(0, "a"), weights(1, "a"), weights(0, "b")].map(String);
    expect(new Set(all).size).toBe(3);
    expect(weights(0, "a")).toEqual(weights(0, "a"));
  });
});
