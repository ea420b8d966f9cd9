import { expect, it } from "vitest";
import { movingPixels } from "../src/moving-pixels.ts";

/** What each of `count` redraws gets, `took` ms apart, the first one `pause` ms after the last. */
function motion(pixels: (now: number) => string, count: number, took: number, pause = 1000) {
  const start = clock + pause;
  clock = start + (count - 1) * took;
  return Array.from({ length: count }, (_, i) => pixels(start + i * took));
}
let clock = 0;

it("a figure that keeps up has all pixels", () => {
  expect(new Set(motion(movingPixels(), 100, 17))).toEqual(new Set(["all"]));
});

it("a slow motion has few pixels after its first frames, and so has the next one", () => {
  const pixels = movingPixels();
  expect(motion(pixels, 7, 60)).toEqual([...Array(4).fill("all"), ...Array(3).fill("few")]);
  expect(motion(pixels, 4, 20)).toEqual(["all", "few", "few", "few"]);
});

it("one long frame is no slow motion", () => {
  const pixels = movingPixels();
  motion(pixels, 10, 17);
  expect(motion(pixels, 3, 17, 90)).toEqual(["all", "all", "all"]);
});

it("redraws that are far apart have all pixels", () => {
  const pixels = movingPixels();
  motion(pixels, 10, 60);
  expect(motion(pixels, 5, 300)).toEqual(Array(5).fill("all"));
});

it("all pixels come back after a motion with time to spare", () => {
  const pixels = movingPixels();
  motion(pixels, 10, 60);
  motion(pixels, 20, 8);
  expect(new Set(motion(pixels, 10, 17))).toEqual(new Set(["all"]));
});
