import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines } from "../../../tooling/browser/page-tests.ts";
import { serve } from "../../../tooling/browser/serve.ts";

const examples = dirname(import.meta.dirname);
// `npm test` runs a script and a page of the examples, `npm run test:all` all of them.
const all = process.env.GEN_TEST_ALL === "1";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gen-examples-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a program of Node in an example's folder, and returns what it prints. */
function node(example: string, ...args: string[]): string {
  const cwd = join(examples, example);
  const ran = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`${example}: ${ran.stdout}\n${ran.stderr}`);
  return ran.stdout;
}

/** The standard deviation of a column. */
function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

it("node-script writes points like those it learned from", async () => {
  const file = join(folder, "moons.csv");
  expect(node("node-script", "main.js", file)).toBe(`onnx/node-cpu wrote 1000 points to ${file}\n`);
  const [header, ...rows] = (await readFile(file, "utf8")).trim().split("\n");
  expect(header).toBe("x,y");
  expect(rows).toHaveLength(1000);
  const points = rows.map((row) => row.split(",").map(Number));
  for (const column of [0, 1]) {
    // The data have deviation 1. Without training the points lie some 40 away.
    const spread = deviation(points.map((point) => point[column]));
    expect(spread).toBeGreaterThan(0.7);
    expect(spread).toBeLessThan(1.3);
  }
});

/** The cells of a Markdown table without its head, row by row. */
const cellsOf = (text: string) =>
  [...text.matchAll(/^\| (.+) \|$/gm)].slice(1).map(([, row]) => row.split(" | "));

describe.runIf(all)("the examples of images, shortened", () => {
  it("ddim-table: with few steps, fresh noise makes samples worse", async () => {
    const out = join(folder, "ddim");
    const args = ["main.js", "--short", "--out", out];
    node("ddim-table", ...args);
    const rows = cellsOf(await readFile(join(out, "table.md"), "utf8"));
    // Distances in features, then in pixels.
    expect(rows.map(([s]) => s)).toEqual(["5", "10", "20", "50", "S", "5", "10", "20", "50"]);
    for (const [, ...cells] of rows.slice(1, 3)) {
      const [none, , half, one, large] = cells.map(Number);
      expect(half).toBeGreaterThan(none);
      expect(one).toBeGreaterThan(1.5 * half);
      expect(large).toBeGreaterThan(1.3 * half);
    }
    // The cells are kept, so a second run measures none.
    expect(node("ddim-table", ...args)).not.toContain("seed 0");
  });

  it("iwae-table: trains, goes on where it stopped, and measures", async () => {
    const out = join(folder, "iwae");
    const args = ["main.js", "--short", "--epochs", "1", "--out", out];
    expect(node("iwae-table", ...args)).toContain("k 5: epoch 1 of 1");
    const rows = cellsOf(await readFile(join(out, "table.md"), "utf8"));
    expect(rows.map(([k, paper]) => [k, paper])).toEqual([
      ["1", "86.76"],
      ["5", "85.54"],
    ]);
    // Pixels at their means alone have 206 nats.
    for (const [, , nats] of rows) expect(Number(nats)).toBeLessThan(160);
    expect(node("iwae-table", ...args)).not.toContain("k 5: epoch");
  });

  it("digits: 8x8 digits are recognized as their class", async () => {
    const out = join(folder, "digits");
    // Threads that wait for each other lose much time beside other tests.
    node("digits", "main.js", "--size", "8", "--threads", "1", "--train", "600", "--out", out);
    const [real, plain, guided] = cellsOf(await readFile(join(out, "numbers.md"), "utf8"));
    expect(Number.parseFloat(real[1])).toBeGreaterThan(97);
    expect(Number.parseFloat(plain[1])).toBeGreaterThan(60);
    expect(Number.parseFloat(guided[1])).toBeGreaterThan(Number.parseFloat(plain[1]));
    // Width and height in the header of a PNG.
    const png = await readFile(join(out, "sheet.png"));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([524, 524]);
  }, 600_000);
});

describeEngines("examples in a page", ["chromium"], (engine) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(engine);
  });
  afterAll(() => browser?.close());

  /** Builds a page, and uses it. */
  async function opened(example: string, use: (page: BrowserPage) => Promise<void>): Promise<void> {
    const built = join(folder, example);
    node(example, "node_modules/vite/bin/vite.js", "build", "--outDir", built, "--emptyOutDir");
    const wasm = (await readdir(join(built, "assets"))).filter((name) => name.endsWith(".wasm"));
    expect(wasm.join()).toMatch(/^ort-wasm-simd-threaded-[\w-]+\.wasm$/);
    const server = await serve({ "/": built });
    const page = await browser.newPage();
    try {
      await page.goto(server.url);
      await use(page);
      expect(await page.problems()).toEqual([]);
    } finally {
      await page.close();
      await server.close();
    }
  }

  const shown = (page: BrowserPage, pattern: string) =>
    page.waitFor((text) => {
      const output = document.querySelector("output")?.textContent ?? "";
      return new RegExp(text).test(output) && output.trim();
    }, pattern);

  /** The painted pixels of the canvas. */
  const painted = (page: BrowserPage) =>
    page.evaluate(() => {
      const canvas = document.querySelector("canvas") as HTMLCanvasElement;
      // A copy to read from: the browser warns about repeated readings of a drawn canvas.
      const { width, height } = canvas;
      const copy = new OffscreenCanvas(width, height).getContext("2d", {
        willReadFrequently: true,
      });
      copy?.drawImage(canvas, 0, 0);
      const data = copy?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
      return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    });

  /** A page with a button for one run. */
  async function component(page: BrowserPage): Promise<void> {
    await page.waitFor(() => document.querySelector("button:enabled")?.textContent);
    expect(await painted(page)).toBe(0);
    await page.click({ selector: "button", text: "Sample" });
    expect(await shown(page, "points")).toBe("1000 points");
    expect(await page.evaluate(() => document.querySelector("progress")?.value)).toBe(1);
    expect(await painted(page)).toBeGreaterThan(800);
  }

  it("react", () => opened("react", component));

  it.runIf(all)("svelte", () => opened("svelte", component));

  it.runIf(all)("vite-onnx", () =>
    opened("vite-onnx", async (page) => {
      expect(await shown(page, "points|rror")).toBe("onnx/wasm: 1000 points");
      expect(await painted(page)).toBeGreaterThan(800);
    }),
  );

  it.runIf(all)("worker", () =>
    opened("worker", async (page) => {
      await page.click("#start");
      await page.click("#stop");
      expect(await shown(page, ".")).toBe("stopped");
      expect(await painted(page)).toBe(0);
      await page.click("#start");
      expect(await shown(page, "points")).toBe("1000 points");
      expect(await painted(page)).toBeGreaterThan(800);
    }),
  );
});
