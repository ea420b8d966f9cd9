import { describe, expect, test } from "vitest";
import { torchCpuGenerator } from "../src/index.ts";
import { reference } from "./reference.ts";

describe("torchCpuGenerator", () => {
  const { cases, misc } = reference("torch_cpu.json");

  test("randn, two calls in a row, both dtypes, below and above 16 values", () => {
    expect(cases.length).toBe(32);
    for (const { seed, n, dtype, first, second } of cases) {
      const generator = torchCpuGenerator(seed);
      const tolerance = dtype === "float64" ? 1e-13 : 2e-6;
      for (const expected of [first, second]) {
        const drawn: ArrayLike<number> = generator.randn(n, dtype);
        expect(drawn.length).toBe(expected.length);
        const worst = Math.max(...Array.from(drawn, (value, i) => Math.abs(value - expected[i])));
        expect(worst, `seed ${seed}, ${n} of ${dtype}`).toBeLessThan(tolerance);
      }
    }
  });

  test("rand, randint and randperm, one after another, exactly", () => {
    for (const { seed, rand, randint_0_1000, randperm_20 } of misc) {
      const generator = torchCpuGenerator(seed);
      expect([...generator.rand(20)]).toEqual(rand);
      expect([...generator.randint(0, 1000, 20)]).toEqual(randint_0_1000);
      expect([...generator.randperm(20)]).toEqual(randperm_20);
    }
  });

  test("calls of every kind in a row", () => {
    const { sequences } = reference("torch_cpu_sequences.json");
    expect(sequences.length).toBe(6);
    for (const { seed, calls } of sequences) {
      const generator = torchCpuGenerator(seed);
      for (const { call, args, values } of calls) {
        const draw = generator[call as "rand"] as (...args: unknown[]) => ArrayLike<number>;
        const drawn = draw(...args);
        expect(drawn.length).toBe(values.length);
        values.forEach((value: number, i: number) => {
          const tolerance = call !== "randn" ? 0 : args[1] === "float64" ? 1e-13 : 2e-6;
          const error = Math.abs(drawn[i] - value);
          expect(error, `seed ${seed}, ${call}(${args})`).toBeLessThanOrEqual(tolerance);
        });
      }
    }
  });

  test("uniforms in float64 are in [0, 1) and differ from those in float32", () => {
    const fine = torchCpuGenerator(3).rand(1000, "float64");
    expect(fine).toBeInstanceOf(Float64Array);
    expect(fine.every((u) => u >= 0 && u < 1)).toBe(true);
    expect(fine.some((u) => Math.fround(u) !== u)).toBe(true);
  });

  test("shifted integers; an empty range, a negative seed or a negative count throws", () => {
    const generator = torchCpuGenerator(1);
    const base = torchCpuGenerator(1).randint(0, 10, 50);
    expect([...generator.randint(-5, 5, 50)]).toEqual([...base].map((value) => value - 5));
    expect(() => generator.randint(3, 3, 1)).toThrow("high - low - 1 must be an integer");
    expect(() => torchCpuGenerator(-1)).toThrow("seed must be an integer in [0, ");
    expect(() => generator.randn(-1)).toThrow("count");
  });
});
