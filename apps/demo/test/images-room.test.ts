import { describe, expect, test } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { enginesOf } from "../../../tooling/browser/page-tests.ts";
import {
  describeRoom,
  expectAccessible,
  expectFocusKept,
  keepDownloads,
  overflow,
  runCode,
  shownCode,
  sizes,
  takeHome,
} from "./room.ts";

const quick = "?steps=8&count=4&seed=3";

/** Waits until the room shows so many pictures and no run is under way. */
const atRest = (page: BrowserPage, count: number) =>
  page.waitFor(
    (n) =>
      document.querySelectorAll(".samples canvas").length === n &&
      document.querySelector(".images .picture[data-state=rest]"),
    count,
  );

/** Waits until the status of the run says that the network ran. */
async function make(page: BrowserPage, count: number): Promise<void> {
  await page.click("[data-role=make]");
  await page.waitFor(() =>
    /The network ran/.test(document.querySelector(".side .status")?.textContent ?? ""),
  );
  await atRest(page, count);
}

/** Presses a tool's button and waits until its status has a number of its result. */
async function useTool(page: BrowserPage, name: "trip" | "fill"): Promise<void> {
  await page.click(`[data-role=${name}]`);
  await page.waitFor(
    (tool, done) =>
      new RegExp(done).test(document.querySelector(`.${tool} .status`)?.textContent ?? ""),
    name,
    name === "trip" ? "after 80 steps each way" : "ways to fill",
  );
}

/** The numbers of a saved file of comma-separated lines, without its head. */
async function savedCsv(page: BrowserPage): Promise<number[][]> {
  const text = await page.evaluate(async () => {
    const { saved } = window as unknown as { saved: { name: string; text: Promise<string> }[] };
    return saved.find(({ name }) => name === "pictures.csv")?.text ?? "";
  });
  return text
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number));
}

/** The levels of 255 that a canvas of one picture shows, at the middle of each pixel. */
const canvasLevels = (page: BrowserPage, selector: string) =>
  page.evaluate((selector) => {
    const canvas = document.querySelector<HTMLCanvasElement>(selector);
    if (!canvas) return [];
    const { width, height } = canvas;
    const copy = Object.assign(document.createElement("canvas"), { width, height });
    const context = copy.getContext("2d");
    if (!context) return [];
    context.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
    context.fillRect(0, 0, width, height);
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return Array.from({ length: 784 }, (_, i) => {
      const x = Math.floor((((i % 28) + 0.5) * width) / 28);
      const y = Math.floor(((Math.floor(i / 28) + 0.5) * height) / 28);
      return data[4 * (y * width + x)];
    });
  }, selector);

/** The tests of this room, on the built demo. */
/** A canvas shows a value after the next frame. */
const twoFrames = (page: BrowserPage) =>
  page.evaluate(
    () =>
      new Promise<void>((done) => {
        requestAnimationFrame(() => requestAnimationFrame(() => done()));
      }),
  );

describe("Images", () => {
  describeRoom("images", enginesOf(), ({ visit, expectLight }) => {
    test("opens with a picture, makes others, sends one to noise and back, and fills a part in", async () => {
      const page = await visit(quick);
      // The picture of before, without a backend.
      await atRest(page, 8);
      const requests = await page.evaluate(() =>
        performance.getEntriesByType("resource").map(({ name }) => name),
      );
      expect(requests.filter((name) => /\.(wasm|onnx)$/.test(name))).toEqual([]);
      await expectLight();
      await make(page, 4);
      expect(await page.text(".side .status")).toContain("8 steps. The network ran 16 times");

      // The code makes the page's pictures in Node.
      await page.evaluate(keepDownloads);
      for (const text of ["pictures (CSV)", "model (ONNX)", "(safetensors)", "(folder)"]) {
        await takeHome(page, text);
      }
      const sizes = await page.waitFor(() => {
        const { saved } = window as unknown as { saved: { name: string; size: number }[] };
        return saved.length === 4
          ? saved.map(({ name, size }) => `${name} ${size > 1e6}`)
          : undefined;
      });
      expect(sizes.sort()).toEqual([
        "pictures.csv false",
        "pixel-unet.onnx true",
        "pixel-unet.safetensors true",
        "pixel.zip true",
      ]);
      const shown = (await savedCsv(page)).flat();
      const x = (await runCode(await shownCode(page), "x")) as Float32Array;
      expect(shown).toHaveLength(x.length);
      const apart = x.reduce((most, v, i) => Math.max(most, Math.abs(v - shown[i])), 0);
      expect(apart).toBeLessThan(1e-3);

      await useTool(page, "trip");
      const errors = await page.evaluate(() =>
        Array.from(document.querySelectorAll("[data-role=error]"), (e) => Number(e.textContent)),
      );
      expect(errors).toHaveLength(5);
      errors.slice(1).forEach((error, i) => expect(error).toBeLessThan(errors[i]));

      await useTool(page, "fill");
      await twoFrames(page);
      const [before, after] = [".samples canvas", ".fill .cells canvas.still"];
      const [old, filled] = [await canvasLevels(page, before), await canvasLevels(page, after)];
      // Rows 16 and below are not painted over; both canvases show them alike.
      const rows = old.slice(16 * 28).map((v, i) => Math.abs(v - filled[16 * 28 + i]));
      expect(Math.max(...rows)).toBeLessThanOrEqual(2);
      expect(old.slice(2 * 28, 15 * 28)).not.toEqual(filled.slice(2 * 28, 15 * 28));
      expect(await page.problems()).toEqual([]);
    });
  });

  describeRoom("images", enginesOf(), ({ visit }) => {
    test("the latent model makes pictures too, and guidance 1 takes one pass a step", async () => {
      const page = await visit(`${quick}&model=latent&guidance=1`);
      await atRest(page, 8);
      await make(page, 4);
      expect(await page.text(".side .status")).toContain("8 steps. The network ran 8 times");
      expect(await shownCode(page)).toContain("models-1/latent/");
      expect(await page.problems()).toEqual([]);
    });

    test("stops within a step, keeps what is there and the focus, and a reload brings pictures back", async () => {
      const page = await visit("?steps=250&count=16");
      await atRest(page, 8);
      await page.focus("[data-role=make]");
      await page.press("Enter");
      await page.waitFor(() =>
        /^Step \d+ of 250/.test(document.querySelector(".side .status")?.textContent ?? ""),
      );
      await page.waitFor(() => document.querySelectorAll(".samples canvas").length === 16);
      await page.press("Enter");
      await page.waitFor(() =>
        /^Stopped at step/.test(document.querySelector(".side .status")?.textContent ?? ""),
      );
      expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe(
        "Make pictures",
      );
      await atRest(page, 16);
      await page.fill("[name=steps]", 4);
      await make(page, 16);
      await twoFrames(page);
      const pictures = await canvasLevels(page, ".samples label:last-of-type canvas");
      await page.reload();
      await atRest(page, 16);
      await twoFrames(page);
      expect(await page.text(".side .status")).toContain("Your last pictures");
      const again = await canvasLevels(page, ".samples label:last-of-type canvas");
      const apart = again.map((v, i) => Math.abs(v - pictures[i]));
      expect(Math.max(...apart)).toBeLessThanOrEqual(1);
    });

    test("has no fault that axe finds, before and after a run", async () => {
      const page = await visit(quick);
      await atRest(page, 8);
      await expectAccessible(page);
      await make(page, 4);
      await useTool(page, "fill");
      await expectAccessible(page);
    });

    test("keeps the focus on each button, and paints by the keyboard", async () => {
      const page = await visit(quick);
      await atRest(page, 8);
      await page.click({ selector: ".fill button", text: "clear the paint" });
      await page.focus(".paint-pad");
      await page.press("ArrowLeft");
      await page.press(" ");
      await page.waitFor(() =>
        /^9 of 784/.test(document.querySelector(".fill .status")?.textContent ?? ""),
      );
      await page.press("Backspace");
      await page.waitFor(() =>
        /^Nothing/.test(document.querySelector(".fill .status")?.textContent ?? ""),
      );
      await page.drag(".paint-pad", [0.2, 0.2], [0.8, 0.2]);
      await page.waitFor(() =>
        /^[3-9]\d of/.test(document.querySelector(".fill .status")?.textContent ?? ""),
      );
      await expectFocusKept(page);
    });

    test("fits 320 pixels, and shows the pictures in the first screen of a phone", async () => {
      const narrow = await visit(quick, [320, 740]);
      await atRest(narrow, 8);
      expect(await overflow(narrow)).toBe(0);
      const page = await visit(quick, sizes.phone);
      await atRest(page, 8);
      await make(page, 4);
      // The page scrolls to them when the run ends.
      await page.waitFor(() => {
        const box = document.querySelector(".film")?.getBoundingClientRect();
        return box && box.top >= 0 && box.bottom <= innerHeight;
      });
    });

    test("says which settings of an address it moved or left out", async () => {
      const page = await visit("?steps=9999&sampler=magic&label=3");
      await atRest(page, 8);
      expect(await page.text(".side .notice")).toContain("sampler, steps");
      expect(
        await page.evaluate(() => document.querySelector<HTMLInputElement>("[name=steps]")?.value),
      ).toBe("250");
    });
  });
});
