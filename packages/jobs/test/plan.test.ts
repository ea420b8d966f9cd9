import { expect, it, test } from "vitest";
import { indexOf, partAt, partCount, partSize, readPlan } from "../src/plan.ts";

const backend = "cpu";

test("parts cover the items once, in whole batches, and each is known by its number", () => {
  for (const [first, count, size] of [
    [8, 100, 12],
    [1, 2, 5],
    [7, 7, 7],
    [4, 5, 1],
  ]) {
    const plan = { first, size, backend };
    const parts = Array.from({ length: partCount(count, plan) }, (_, i) => partAt(count, plan, i));
    const ends = [0, ...parts.map(({ to }) => to)];
    expect(parts.map(({ from }) => from)).toEqual(ends.slice(0, -1));
    expect(ends.at(-1)).toBe(count);
    const numbers = parts.slice(1).map((part) => indexOf(count, plan, part));
    expect(numbers).toEqual(parts.slice(1).map((_, i) => i + 1));
  }
});

it("knows no other parts", () => {
  const plan = { first: 8, size: 12, backend };
  for (const [from, to] of [
    [8, 21],
    [9, 21],
    [-4, 8],
    [104, 116],
    [8, 1e15],
    [Number.NaN, 20],
    ["8", 20],
  ])
    expect(indexOf(100, plan, { from, to } as never), `${from}`).toBeUndefined();
});

it.each([
  { first: 1, size: 0, backend },
  { first: 0, size: 4, backend },
  { first: 101, size: 4, backend },
  { first: 1, size: 0.5, backend },
  { first: "1", size: 4, backend },
  { first: 1, size: 4 },
  null,
])("refuses the plan %j", (plan) => {
  expect(() => readPlan(JSON.stringify(plan), 100, "a")).toThrow(
    /the plan of job a in Redis is damaged/,
  );
});

it("refuses a plan of more parts than a store lists", () => {
  const text = JSON.stringify({ first: 1, size: 1, backend });
  expect(readPlan(text, 1_000_000, "a")).toMatchObject({ size: 1 });
  expect(() => readPlan(text, 1_000_001, "a")).toThrow(/is damaged/);
});

const bytes = 1000;

it("sizes parts by time", () => {
  const job = { count: 1_000_000, seconds: 20 };
  // 10 batches of 2 s are 20 s.
  expect(partSize(job, { done: 100, batch: 50, seconds: 2, bytes })).toBe(500);
  // A batch that takes longer is a part.
  expect(partSize(job, { done: 100, batch: 50, seconds: 60, bytes })).toBe(50);
});

it("gives a short job parts for many workers, of a second or more", () => {
  // 1000 batches of 0.5 s: parts of 500 / 128 s.
  expect(partSize({ count: 1000, seconds: 20 }, { done: 0, batch: 1, seconds: 0.5, bytes })).toBe(
    7,
  );
  // 100 batches of 0.1 s: parts of 1 s.
  expect(partSize({ count: 100, seconds: 20 }, { done: 0, batch: 1, seconds: 0.1, bytes })).toBe(
    10,
  );
  expect(partSize({ count: 100, seconds: 20 }, { done: 98, batch: 2, seconds: 0.001, bytes })).toBe(
    2,
  );
});

it("makes longer parts where there would be more than a million, and bounds their files", () => {
  const large = { count: 10_000_000, seconds: 0.01 };
  const quick = { done: 2, batch: 1, seconds: 0.02 };
  const size = partSize(large, { ...quick, bytes });
  expect(size).toBe(11);
  expect(partCount(large.count, { first: 2, size, backend })).toBeLessThanOrEqual(1_000_000);
  // A file of 512 MiB at most, or of one batch.
  const long = { count: 10_000, seconds: 1e6 };
  expect(partSize(long, { done: 8, batch: 4, seconds: 1, bytes: 2 ** 27 })).toBe(4 * 4);
  expect(partSize(long, { done: 8, batch: 4, seconds: 1, bytes: 2 ** 30 })).toBe(4);
  expect(() => partSize(large, { ...quick, bytes: 2 ** 28 })).toThrow(
    /submit it in pieces of at most 1999998 items/,
  );
});
