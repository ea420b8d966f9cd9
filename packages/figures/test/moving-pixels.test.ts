import { expect, it } from "vitest";
import { movingPixels } from "../src/moving-pixels.ts";

/** What each of the redraws gets that take so long, the first one `pause` ms after the last. */
function motion(pixels: ReturnType<typeof movingPixels>, took: readonly number[], pause = 1000) {
  clock += pause;
  return took.map((each) => {
    const got = pixels.now(clock);
    pixels.drew(clock, clock + each);
    clock += each + 5;
    return got;
  });
}
let clock = 0;
const times = (n: number, took: number) => Array<number>(n).fill(took);

it("a figure that keeps up has all pixels", () => {
  expect(new Set(motion(movingPixels(), times(100, 17)))).toEqual(new Set(["all"]));
});

it.each([60, 600])(
  "a motion of frames of %i ms has few pixels after two, and so has the next one",
  (took) => {
    const pixels = movingPixels();
    expect(motion(pixels, times(5, took))).toEqual(["all", "all", "few", "few", "few"]);
    expect(motion(pixels, times(4, 20))).toEqual(["all", "few", "few", "few"]);
  },
);

it("a few late frames are no slow motion", () => {
  const pixels = movingPixels();
  expect(new Set(motion(pixels, [90, 17, 90, 17, 17]))).toEqual(new Set(["all"]));
});

it("redraws with pauses between them have all pixels", () => {
  const pixels = movingPixels();
  motion(pixels, times(10, 60));
  for (let i = 0; i < 5; i++) expect(motion(pixels, [60], 300)).toEqual(["all"]);
});

it("all pixels come back after a motion with time to spare", () => {
  const pixels = movingPixels();
  motion(pixels, times(10, 60));
  expect(motion(pixels, times(2, 12))).toEqual(["all", "few"]);
  expect(motion(pixels, times(2, 4))).toEqual(["all", "few"]);
  expect(motion(pixels, times(2, 12))).toEqual(["all", "all"]);
});
