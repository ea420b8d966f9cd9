import { readFileSync } from "node:fs";
import { join } from "node:path";
import { arrayDataset } from "@gen/data";
import { expect, it } from "vitest";
import { launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { fencesOf } from "../scripts/fences.mjs";

const code = (folder: string) => {
  const page = join(import.meta.dirname, "..", folder, "train-pictures.md");
  return fencesOf(readFileSync(page, "utf8"), "js")[0].code;
};
const withoutComment = (text: string) => text.replace(/^\/\*\*.*$/m, "");

it("both languages show the same code for a page", () => {
  expect(withoutComment(code("zh/guide"))).toBe(withoutComment(code("guide")));
});

describeEngines("the page's pictures", enginesOf(), (engine) => {
  it("become a dataset: the middle square of a JPEG and of a PNG", async () => {
    const browser = await launch(engine);
    try {
      const page = await browser.newPage();
      const body = code("guide")
        .replace(/^import .*$/m, "")
        .replace("export ", "");
      const { data, shape } = await page.evaluate(async (source) => {
        // Red, blue and red side by side: the middle square is blue.
        const draw = (type: string) => {
          const canvas = new OffscreenCanvas(96, 32);
          const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
          for (const [i, color] of ["#f00", "#00f", "#f00"].entries()) {
            context.fillStyle = color;
            context.fillRect(32 * i, 0, 32, 32);
          }
          return canvas.convertToBlob({ type, quality: 1 });
        };
        const keep = (array: { data: Uint8Array; shape: number[] }) => ({
          data: Array.from(array.data),
          shape: array.shape,
        });
        const datasetOf = new Function("arrayDataset", `${source}; return datasetOf;`)(keep);
        const files = await Promise.all(["image/jpeg", "image/png"].map(draw));
        return datasetOf(files, 4) as ReturnType<typeof keep>;
      }, body);
      const bytes = Uint8Array.from(data);
      const dataset = arrayDataset({ data: bytes, shape, dtype: "uint8" });
      expect(dataset.shape).toEqual([3, 4, 4]);
      expect(dataset.length).toBe(2);
      for (const [i, value] of dataset.data.entries()) {
        const isBlue = Math.floor(i / 16) % 3 === 2;
        // The edges of a JPEG's square mix with its neighbors.
        const inner = [5, 6, 9, 10].includes(i % 16);
        if (inner) expect(Math.abs(value - (isBlue ? 255 : 0)), String(i)).toBeLessThan(12);
      }
    } finally {
      await browser.close();
    }
  });
});
