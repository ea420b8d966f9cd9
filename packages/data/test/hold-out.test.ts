import { type Dataset, holdOut } from "@gen/data";
import fc from "fast-check";
import { expect, test } from "vitest";

/** Items 0, 1, 2, ... with classes. */
const numbered = (labels: readonly number[]): Dataset => ({
  name: "numbers",
  data: Float32Array.from(labels, (_, i) => i),
  shape: [1],
  length: labels.length,
  labels: Int32Array.from(labels),
});

const countOf = ({ labels = new Int32Array() }: Dataset, label: number) =>
  labels.filter((each) => each === label).length;

test("each item is in one part, in the order of the whole, with its class", () => {
  const classes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(classes, fc.integer({ min: 0, max: 99 }), (labels, seed) => {
      const whole = numbered(labels);
      const { train, test } = holdOut(whole, { seed });
      if (test === whole) {
        expect(train).toBe(whole);
        return;
      }
      const items = [...train.data, ...test.data].sort((a, b) => a - b);
      expect(items).toEqual(labels.map((_, i) => i));
      for (const part of [train, test]) {
        expect(part.length).toBe(part.data.length);
        expect(Array.from(part.data)).toEqual(Array.from(part.data).sort((a, b) => a - b));
        part.data.forEach((item, i) => {
          expect(part.labels?.[i]).toBe(labels[item]);
        });
      }
      for (const label of new Set(labels)) {
        const [kept, held] = [countOf(train, label), countOf(test, label)];
        expect(Math.abs(held - (kept + held) / 10)).toBeLessThanOrEqual(1);
        expect(kept).toBeGreaterThan(0);
      }
    }),
  );
});

test("sorted classes are held out alike: 3 of each, where the last tenth would be one class", () => {
  const sorted = numbered(Array.from({ length: 90 }, (_, i) => Math.floor(i / 30)));
  const { train, test } = holdOut(sorted);
  expect([0, 1, 2].map((label) => countOf(test, label))).toEqual([3, 3, 3]);
  expect(train.length).toBe(81);
});

test("the seed alone decides which; items without classes are one class", () => {
  const { labels: _, ...plain } = numbered(new Array(50).fill(0));
  const held = (seed: number, share?: number) =>
    Array.from(holdOut(plain, { seed, share }).test.data);
  expect(held(1)).toEqual(held(1));
  expect(held(1)).not.toEqual(held(2));
  expect(held(1)).toHaveLength(5);
  expect(held(1, 0.5)).toHaveLength(25);
  expect(() => holdOut(plain, { share: 2 })).toThrow("share must be in [0, 1], got 2");
});

test("of fewer than ten items nothing is held out", () => {
  const few = numbered([0, 1, 0, 1, 0]);
  expect(holdOut(few)).toEqual({ train: few, test: few });
});
