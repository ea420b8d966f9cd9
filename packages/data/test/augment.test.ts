import { batches, type Dataset } from "@gen/data";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Augmentation } from "../src/dataset.ts";
import { errorOf } from "./fixture.ts";

/** Images of a column that rises to the right and a channel that rises downwards. */
const images = (augment: Augmentation | undefined, length = 200): Dataset => ({
  name: "images",
  data: Uint8Array.from({ length: length * 2 * 5 * 7 }, (_, k) => {
    const [x, y] = [k % 7, Math.floor(k / 7) % 5];
    return Math.floor(k / 35) % 2 === 0 ? 30 * x : 40 * y;
  }),
  shape: [2, 5, 7],
  length,
  range: [0, 255],
  augment,
});

/** The items of the first batch. */
function itemsOf(augment: Augmentation | undefined, seed = 3): Float32Array[] {
  const { x } = batches(images(augment), { batchSize: 200, seed }).next().value;
  return Array.from({ length: 200 }, (_, i) => x.subarray(70 * i, 70 * (i + 1)));
}

/** The value of a channel at a place. */
const at = (item: Float32Array, channel: number, x: number, y: number) =>
  item[35 * channel + 7 * y + x];
const [columns, rows] = [7, 5].map((count) => Array.from({ length: count }, (_, i) => i));
const clamp = (value: number, high: number) => Math.min(Math.max(value, 0), high);

describe("augmented batches", () => {
  test("flip mirrors about half of the items, and leaves the others as they are", () => {
    const mirrored = itemsOf({ flip: true }).map((item) => {
      const isMirrored = at(item, 0, 0, 0) === 180;
      const wanted = columns.map((x) => 30 * (isMirrored ? 6 - x : x));
      expect(columns.map((x) => at(item, 0, x, 2))).toEqual(wanted);
      expect(columns.every((x) => at(item, 1, x, 2) === 80)).toBe(true);
      return isMirrored;
    });
    const count = mirrored.filter(Boolean).length;
    // 5 standard deviations of a fair coin's 200 throws.
    expect(Math.abs(count - 100)).toBeLessThan(36);
  });

  test("shift moves by each number of pixels up to the most, and repeats the edges", () => {
    const seen = new Set<string>();
    for (const item of itemsOf({ shift: 2 })) {
      const right = 3 - at(item, 0, 3, 0) / 30;
      const down = 2 - at(item, 1, 0, 2) / 40;
      seen.add(`${right} ${down}`);
      const isRight = (x: number, y: number) =>
        at(item, 0, x, y) === 30 * clamp(x - right, 6) &&
        at(item, 1, x, y) === 40 * clamp(y - down, 4);
      expect(rows.every((y) => columns.every((x) => isRight(x, y)))).toBe(true);
    }
    expect(seen.size).toBe(25);
  });

  test("rotate turns by up to the most degrees: a plane of values turns exactly", () => {
    let most = 0;
    for (const item of itemsOf({ rotate: 20 })) {
      // The channels are planes, so interpolation is exact away from the edges.
      const center = at(item, 0, 3, 2);
      const [alongX, alongY] = [at(item, 0, 4, 2) - center, at(item, 0, 3, 3) - center];
      const angle = (Math.atan2(alongY, alongX) * 180) / Math.PI;
      most = Math.max(most, Math.abs(angle));
      expect(center).toBeCloseTo(90, 4);
      expect(Math.hypot(alongX, alongY)).toBeCloseTo(30, 3);
      const down = (Math.atan2(-(at(item, 1, 4, 2) - 80), at(item, 1, 3, 3) - 80) * 180) / Math.PI;
      expect(down).toBeCloseTo(angle, 3);
    }
    expect(most).toBeLessThanOrEqual(20);
    expect(most).toBeGreaterThan(15);
  });

  test("dequantize adds [0, 1) levels, which average to half a level, and unit stays in [0, 1)", () => {
    const plain = itemsOf(undefined);
    const noise = itemsOf({ dequantize: true }).flatMap((item, i) =>
      Array.from(item, (v, k) => v - plain[i][k]),
    );
    expect(noise.every((v) => v >= 0 && v < 1)).toBe(true);
    const mean = noise.reduce((a, b) => a + b) / noise.length;
    // 5 standard deviations of the mean of 14,000 uniform numbers.
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / noise.length));
    const white = { ...images({ dequantize: true }), data: new Uint8Array(200 * 70).fill(255) };
    const { x } = batches(white, { batchSize: 200, seed: 0, scale: "unit" }).next().value;
    expect(x.every((v) => v >= 255 / 256 && v < 1)).toBe(true);
    const signed = batches(white, { batchSize: 200, seed: 0, scale: "signed" }).next().value;
    expect(signed.x.every((v) => v >= 2 * (255 / 256) - 1 && v < 1)).toBe(true);
  });

  test("a flat image stays flat, whatever moves it", () => {
    const flat = {
      ...images({ flip: true, shift: 3, rotate: 180 }),
      data: new Uint8Array(14e3).fill(7),
    };
    const { x } = batches(flat, { batchSize: 200, seed: 0 }).next().value;
    expect(x.every((v) => v === 7)).toBe(true);
  });

  test("a setting of zero changes nothing, and one setting does not change another's draws", () => {
    expect(itemsOf({ shift: 0, rotate: 0, flip: false }).join()).toBe(itemsOf(undefined).join());
    const flips = (augment: Augmentation) =>
      itemsOf(augment).map((item) => at(item, 0, 1, 2) > at(item, 0, 5, 2));
    expect(flips({ flip: true, shift: 1 })).toEqual(flips({ flip: true }));
    expect(itemsOf({ flip: true }, 4).join()).not.toBe(itemsOf({ flip: true }, 5).join());
  });

  test("a resumed iterator sees the same items, in each epoch others", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        (n, seed) => {
          const dataset = images({ flip: true, shift: 2, rotate: 10, dequantize: true }, 20);
          const options = { batchSize: 8, seed, scale: "signed" } as const;
          const whole = batches(dataset, options);
          for (let i = 0; i < n; i++) whole.next();
          const resumed = batches(dataset, { ...options, from: n });
          const again = batches(dataset, { ...options, from: whole.state() });
          for (let i = 0; i < 3; i++) {
            const batch = whole.next().value;
            expect(resumed.next().value).toEqual(batch);
            expect(again.next().value).toEqual(batch);
          }
        },
      ),
      { numRuns: 5 },
    );
    const one = batches(images({ rotate: 90 }, 1), { batchSize: 1, seed: 0 });
    expect(one.next().value.x).not.toEqual(one.next().value.x);
  });

  test("settings that do not fit are refused", () => {
    const refusal = (augment: Augmentation, changes: Partial<Dataset> = {}) =>
      errorOf(() => batches({ ...images(augment), ...changes }, { batchSize: 1, seed: 0 })).message;
    expect(refusal({ shift: 1.5 })).toContain("shift must be an integer, 0 or more, got 1.5");
    expect(refusal({ rotate: 181 })).toBe("rotate must be in [0, 180] degrees, got 181");
    const points = { data: new Float32Array(4), shape: [2], length: 2, range: undefined };
    expect(refusal({ flip: true }, points)).toBe(
      "images: flip, shift and rotate need images [channels, height, width], got [2]",
    );
    expect(refusal({ dequantize: true }, points)).toBe(
      "images: dequantize needs bytes, got floats",
    );
  });
});
