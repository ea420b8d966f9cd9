import { expect, test } from "vitest";
import { toPixels } from "../src/index.ts";

test("the channels of one picture are its pixels, rounded and within [0, 255]", () => {
  const second = [-1, 1, 0, -0.5, 0.2, -0.2, 2, -2, 0, 1, -1, 0.5];
  const images = Float32Array.from([...Array(12).fill(0), ...second]);
  const [data, width, height] = toPixels({ images, shape: [2, 3, 1, 4] }, 1);
  expect([width, height]).toEqual([4, 1]);
  expect([0, 1, 2, 3].map((i) => Array.from(data.subarray(4 * i, 4 * i + 4)))).toEqual([
    [0, 153, 128, 255],
    [255, 102, 255, 255],
    [128, 255, 0, 255],
    [64, 0, 191, 255],
  ]);
});

test.each([
  [{ index: 1 }, "index must be an integer in 0..0, got 1"],
  [{ shape: [1, 4, 1, 1] }, "shape must be [pictures, 3, height, width], got [1, 4, 1, 1]"],
  [{ shape: [1, 3, 1, 2] }, "images must have the shape [1, 3, 1, 2], got 3 numbers"],
])("%o is refused", (change, message) => {
  const { index, ...pictures } = {
    index: 0,
    images: new Float32Array(3),
    shape: [1, 3, 1, 1],
    ...change,
  };
  expect(() => toPixels(pictures, index)).toThrow(message);
});
