import { batches, type Dataset } from "@gen/data";
import { randomStream } from "@gen/math";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BatchOptions, BatchState } from "../src/batches.ts";
import { errorOf } from "./fixture.ts";

const numbers = (length: number): Dataset => ({
  name: "numbers",
  data: Float32Array.from({ length: 2 * length }, (_, i) => i),
  shape: [2],
  length,
  labels: Int32Array.from({ length }, (_, i) => 10 * i),
});

test("a batch holds the items and labels of its indices", () => {
  const batch = batches(numbers(10), { batchSize: 4, seed: 3 }).next().value;
  expect(batch.shape).toEqual([4, 2]);
  expect(batch.epoch).toBe(0);
  batch.indices.forEach((item, i) => {
    expect(Array.from(batch.x.subarray(2 * i, 2 * i + 2))).toEqual([2 * item, 2 * item + 1]);
    expect(batch.labels?.[i]).toBe(10 * item);
  });
});

test("epoch e has the order of the stream keyed by (seed, batches, e)", () => {
  const iterator = batches(numbers(7), { batchSize: 7, seed: 0 });
  for (let epoch = 0; epoch < 3; epoch++) {
    const { indices } = iterator.next().value;
    const order = randomStream({ seed: 0, purpose: "batches", index: epoch }).permutation(7);
    expect(Array.from(indices)).toEqual(Array.from(order));
  }
});

test("without dropLast an epoch has every item once, with it only full batches", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 30 }),
      (length, size) => {
        const batchSize = Math.min(size, length);
        const all = batches(numbers(length), { batchSize, seed: 1, dropLast: false });
        const seen: number[] = [];
        while (seen.length < length) seen.push(...all.next().value.indices);
        expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
        expect(all.next().value.epoch).toBe(1);

        const whole = batches(numbers(length), { batchSize, seed: 1 });
        const perEpoch = Math.floor(length / batchSize);
        const epochs = Array.from({ length: 2 * perEpoch }, () => whole.next().value);
        expect(epochs.every(({ indices }) => indices.length === batchSize)).toBe(true);
        expect(epochs.map(({ epoch }) => epoch)).toEqual(
          epochs.map((_, k) => Math.floor(k / perEpoch)),
        );
        const first = epochs.slice(0, perEpoch).flatMap(({ indices }) => [...indices]);
        expect(new Set(first).size).toBe(first.length);
      },
    ),
  );
});

test("a state that went through JSON continues the same batches", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), fc.boolean(), (taken, dropLast) => {
      const options: BatchOptions = { batchSize: 3, seed: 8, dropLast };
      const one = batches(numbers(11), options);
      for (let i = 0; i < taken; i++) one.next();
      const from: BatchState = JSON.parse(JSON.stringify(one.state()));
      const two = batches(numbers(11), { ...options, from });
      for (let i = 0; i < 9; i++) expect(two.next()).toEqual(one.next());
    }),
  );
});

test("a number as `from` skips that many batches", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 40 }),
      fc.boolean(),
      (length, size, taken, dropLast) => {
        const options: BatchOptions = { batchSize: Math.min(size, length), seed: 8, dropLast };
        const one = batches(numbers(length), options);
        for (let i = 0; i < taken; i++) one.next();
        const two = batches(numbers(length), { ...options, from: taken });
        for (let i = 0; i < 9; i++) expect(two.next()).toEqual(one.next());
      },
    ),
  );
});

test("for ... of works, and seed 0 differs from seed 1", () => {
  const order = (seed: number) => {
    const seen: number[] = [];
    for (const { indices, epoch } of batches(numbers(50), { batchSize: 10, seed })) {
      if (epoch === 1) break;
      seen.push(...indices);
    }
    return seen;
  };
  expect(order(0)).toEqual(order(0));
  expect(order(0)).not.toEqual(order(1));
});

describe("scale", () => {
  const levels: Dataset = {
    name: "levels",
    data: Uint8Array.of(0, 4, 8, 16),
    shape: [4],
    length: 1,
    range: [0, 16],
  };
  test.each([
    ["none", [0, 4, 8, 16]],
    ["unit", [0, 0.25, 0.5, 1]],
    ["signed", [-1, -0.5, 0, 1]],
  ] as const)("%s", (scale, expected) => {
    const { x } = batches(levels, { batchSize: 1, seed: 0, scale }).next().value;
    expect(Array.from(x)).toEqual(expected);
  });

  test("needs a range", () => {
    expect(() => batches(numbers(4), { batchSize: 1, seed: 0, scale: "unit" })).toThrow(
      'numbers: scale "unit" needs a dataset with a range; it has none',
    );
  });
});

test.each([
  ["too few items", numbers(3), {}, "a batch of 4 needs at least as many items, the dataset has 3"],
  [
    "NaN",
    { ...numbers(4), data: Float32Array.of(0, 1, 2, 3, 4, Number.NaN, 6, 7) },
    {},
    "data must be finite float32 numbers, got NaN in item 2",
  ],
  [
    "a length above the data",
    { ...numbers(4), length: 5 },
    {},
    "length and shape must fit the data, got 5 items [2] and 8 numbers",
  ],
  [
    "a length below the data",
    { ...numbers(6), length: 4 },
    {},
    "length and shape must fit the data, got 4 items [2] and 12 numbers",
  ],
  [
    "a length that is no whole number",
    { ...numbers(4), length: 4.5, shape: [16 / 9] },
    {},
    "length and shape must fit the data, got 4.5 items [1.7777777777777777] and 8 numbers",
  ],
  [
    "data above the range",
    { ...numbers(4), range: [0, 6] as const },
    { scale: "unit" as const },
    "data must lie in the range [0, 6], got 7 in item 3",
  ],
  [
    "data below the range",
    { ...numbers(4), range: [1, 7] as const },
    {},
    "data must lie in the range [1, 7], got 0 in item 0",
  ],
  [
    "bytes above the range",
    { ...numbers(4), data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 17), range: [0, 16] as const },
    {},
    "data must lie in the range [0, 16], got 17 in item 3",
  ],
  ["a falling range", { ...numbers(4), range: [1, 0] as const }, {}, "range must rise, got [1, 0]"],
  [
    "too few labels",
    { ...numbers(4), labels: Int32Array.of(0, 1) },
    {},
    "4 items need as many labels, got 2",
  ],
  [
    "a label above the named classes",
    { ...numbers(4), labels: Int32Array.of(0, 1, 3, 2), classes: ["a", "b", "c"] },
    {},
    "labels of 3 classes must be in [0, 2], got 3 for item 2",
  ],
  [
    "a label below 0",
    { ...numbers(4), labels: Int32Array.of(0, 1, 1, -1), classes: ["a", "b", "c"] },
    {},
    "labels of 3 classes must be in [0, 2], got -1 for item 3",
  ],
])("refuses %s as bad data", (_what, dataset, options, problem) => {
  const error = errorOf(() => batches(dataset, { batchSize: 4, seed: 0, ...options }));
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toBe(`numbers: ${problem}`);
});

test("takes data at the bounds of a range that float32 does not hold", () => {
  const data = Float32Array.of(0.1, 0.3);
  const dataset = { name: "bounds", data, shape: [1], length: 2, range: [0.1, 0.3] as const };
  expect(() => batches(dataset, { batchSize: 2, seed: 0, scale: "unit" })).not.toThrow();
});

test.each<[string, Partial<BatchOptions>, string]>([
  ["a batch of 0", { batchSize: 0 }, "batchSize must be a whole number of at least 1, got 0"],
  ["a batch of 1.5", { batchSize: 1.5 }, "batchSize must be a whole number of at least 1, got 1.5"],
  ["a seed below 0", { seed: -1 }, "seed"],
  [
    "a state of another seed",
    { from: { seed: 1, length: 8, epoch: 0, position: 0 } },
    "from must be a state of seed 0 and 8 items, got seed 1 and 8 items",
  ],
  [
    "a negative number of batches",
    { from: -1 },
    "from must be a state or a whole number of batches, got -1",
  ],
  ["half a batch taken", { from: 0.5 }, "whole number of batches, got 0.5"],
  [
    "a position beyond the end",
    { from: { seed: 0, length: 8, epoch: 0, position: 9 } },
    "position in [0, 8], got epoch 0 and position 9",
  ],
])("refuses %s as a bad argument", (_what, options, problem) => {
  const run = () => batches(numbers(8), { batchSize: 4, seed: 0, ...options });
  expect(run).toThrow(RangeError);
  expect(run).toThrow(problem);
});
