/* A page's own decoder of pictures, beside the pixels of sharp and of Pillow. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { pageTests } from "../../../../tooling/browser/page-tests.ts";
import { type Raster, readPicture, readPng } from "../../src/index.ts";
import type { PictureScenarios } from "./page/main.ts";

const photos = new URL("../fixtures/photos/", import.meta.url);
const { inBrowser, closesBrowser } = pageTests<PictureScenarios>(
  new URL("./page/", import.meta.url),
  { "/photos/": fileURLToPath(photos) },
);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, photos)));

/** The largest and the mean difference of levels. */
function apart(a: Raster, b: Raster) {
  const far = Array.from(a.data, (level, i) => Math.abs(level - b.data[i]));
  return { most: Math.max(...far), mean: far.reduce((sum, v) => sum + v, 0) / far.length };
}

inBrowser("a page's decoder", { isolated: false }, (page) => {
  const read = async (name: string) =>
    (await page().run("reads", [`/photos/${name}`])) as unknown as Raster;

  // Decoders differ in how they round, and in how they spread colors that a file holds for four pixels.
  it.each([
    ["color.jpg", 3],
    ["full-chroma.jpg", 3],
    ["grey.jpg", 1],
    ["lossy.webp", 3],
    ["transparent.webp", 3],
    ["turned.jpg", 3],
    ["turned-and-mirrored.jpg", 3],
  ])("reads %s as sharp does, up to a few levels", async (name, channels) => {
    const [found, sharp] = [await read(name), await readPicture(bytesOf(name))];
    const pillow = readPng(bytesOf(`decoded/${name}.png`));
    for (const wanted of [sharp, pillow]) {
      const { width, height } = wanted;
      expect(found).toMatchObject({ width, height, channels });
      expect(found.data).toHaveLength(wanted.data.length);
      const { most, mean } = apart(found, wanted);
      expect(most).toBeLessThanOrEqual(8);
      expect(mean).toBeLessThan(1);
    }
    // The levels would be no nearer than this if the page read another picture, or white.
    expect(apart(sharp, { ...sharp, data: sharp.data.map(() => 255) }).mean).toBeGreaterThan(20);
  });

  it.each(["decoded/color.jpg.png", "decoded/grey.jpg.png", "lossless.webp"])(
    "reads %s level for level",
    async (name) => {
      expect(await read(name)).toEqual({
        ...(await readPicture(bytesOf(name))),
        data: Array.from((await readPicture(bytesOf(name))).data),
      });
    },
  );

  it.each([
    ["color.jpg", "JPEG"],
    ["lossy.webp", "WebP"],
    ["lossless.webp", "WebP"],
    ["decoded/color.jpg.png", "PNG"],
  ])("refuses %s when it is cut, in one line", async (name, kind) => {
    for (const part of [0.1, 0.5, 0.9]) {
      const error = await page().run("reads", [`/photos/${name}`, part]);
      expect(error, `${part}`).toMatchObject({ name: "GenError", code: "invalid-data" });
      const { message } = error as { message: string };
      expect(message).toMatch(new RegExp(`^a: .*${kind}`));
      expect(message).not.toContain("\n");
    }
  });
});

closesBrowser();
