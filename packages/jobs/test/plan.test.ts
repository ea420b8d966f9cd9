import { expect, it, test } from "vitest";
import { partSize, partsOf } from "../src/plan.ts";

test("parts cover the items once, in whole batches", () => {
  for (const [first, count, size] of [
    [8, 100, 12],
    [1, 2, 5],
    [0, 7, 7],
    [4, 4, 1],
  ]) {
    const parts = partsOf(first, count, size);
    const ends = [first, ...parts.map(({ to }) => to)];
    expect(parts.map(({ from }) => from)).toEqual(ends.slice(0, -1));
    expect(ends.at(-1)).toBe(count);
  }
});

it("sizes parts by time", () => {
  const job = { count: 1_000_000, seconds: 20 };
  // 10 batches of 2 s are 20 s.
  expect(partSize(job, { done: 100, batch: 50, seconds: 2 })).toBe(500);
  // A batch that takes longer is a part.
  expect(partSize(job, { done: 100, batch: 50, seconds: 60 })).toBe(50);
});

it("gives a short job parts for many workers, of a second or more", () => {
  // 1000 batches of 0.5 s: parts of 500 / 128 s.
  expect(partSize({ count: 1000, seconds: 20 }, { done: 0, batch: 1, seconds: 0.5 })).toBe(7);
  // 100 batches of 0.1 s: parts of 1 s.
  expect(partSize({ count: 100, seconds: 20 }, { done: 0, batch: 1, seconds: 0.1 })).toBe(10);
  expect(partSize({ count: 100, seconds: 20 }, { done: 98, batch: 2, seconds: 0.001 })).toBe(2);
});
