import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { type PreviewServer, preview } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { complaints, lossesShown, openBrowser, pixelsOf, set } from "./page.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const executable = process.env.GEN_BROWSER ?? "";
const here = existsSync(executable);

describe.skipIf(!here)("the demo, built and opened in a browser (GEN_BROWSER)", () => {
  let folder = "";
  let server: PreviewServer;
  let browser: Browser;
  let page: Page;
  let heard: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gen-demo-"));
    const vite = join(root, "node_modules", "vite", "bin", "vite.js");
    const { NODE_ENV: _, ...env } = process.env;
    await promisify(execFile)(
      process.execPath,
      [vite, "build", "--outDir", folder, "--emptyOutDir", "--logLevel", "error"],
      { cwd: root, env },
    );
    server = await preview({
      root,
      configFile: join(root, "vite.config.ts"),
      build: { outDir: folder },
      preview: { host: "127.0.0.1", port: 43_173 },
      logLevel: "error",
    });
    browser = await openBrowser(executable);
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: "en-GB" });
    heard = complaints(page);
    await page.goto(server.resolvedUrls?.local[0] ?? "");
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  afterEach(() => expect(heard).toEqual([]));

  const choose = (toy: string) =>
    page.locator(".toy", { has: page.locator(`[value=${toy}]`) }).click();
  const button = (panel: string, name: string) =>
    page.locator(panel).getByRole("button", { name, exact: true });
  const status = () => page.locator(".train [role=status]");
  const badge = (panel: string) => page.locator(`${panel} .badge code`);
  const canvas = (panel: string) => page.locator(`${panel} .stage canvas.plot`);
  const distance = (method: string) =>
    page.locator(`[data-method=${method}] [data-role=distance]`).textContent().then(Number);

  /** Waits until both methods, or the one, have come to their end and are shown there. */
  const sampled = (methods = ["ddpm", "ddim"]) =>
    page.waitForFunction(
      (all) =>
        all.every((method) => {
          const view = document.querySelector(`[data-method=${method}]`);
          const arrived = view?.querySelector(".stage .corner")?.textContent?.trim() === "t = 0";
          return arrived && view?.querySelector("[data-role=took]");
        }),
      methods,
    );

  /** Waits until training has come so far. */
  const reached = (step: number) =>
    page.waitForFunction(
      (wanted) =>
        Number(document.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")) >=
        wanted,
      step,
    );

  test("moons on ONNX Runtime: the loss falls, and Stop keeps what was learned", async () => {
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await choose("moons");
    expect((await pixelsOf(canvas(".data"))).drawn).toBeGreaterThan(1000);
    await page.locator("select[name=backend]").selectOption("onnx/wasm");
    await set(page.locator("input[name=steps]"), 20_000);
    // The fourth stop of the slider: 50 steps.
    await set(page.locator("input[name=ddpm-steps]"), 3);
    expect(await button(".sample", "Sample").isDisabled()).toBe(true);

    const shown = await lossesShown(page);
    await button(".train", "Train").click();
    await reached(200);
    await button(".train", "Stop").click();
    await button(".train", "Continue").waitFor();
    expect(await status().textContent()).toMatch(
      /^Stopped after \d+ steps; what was learned is kept/,
    );
    // Steps that were still taken after the worker had heard the message.
    expect(Number(await status().getAttribute("data-late"))).toBeLessThanOrEqual(1);
    const losses = await shown.jsonValue();
    expect(losses[0]).toBeGreaterThan(0.6);
    expect(losses.at(-1)).toBeLessThan(0.5);
    expect(await badge(".train").textContent()).toBe("onnx/wasm");
  });

  test("DDPM and DDIM sample from the same noise, and DDIM at eta 0 repeats itself", async () => {
    await sampled();
    expect(await badge(".sample").textContent()).toBe("onnx/wasm");
    for (const method of ["ddpm", "ddim"]) {
      expect((await pixelsOf(canvas(`[data-method=${method}]`))).blue).toBeGreaterThan(1000);
      expect(await distance(method)).toBeGreaterThan(0);
      // Noise alone scores about 0.3.
      expect(await distance(method)).toBeLessThan(0.25);
    }
    const plain = await distance("ddim");
    await set(page.locator("input[name=eta]"), 1);
    await page.waitForFunction(
      () => !document.querySelector("[data-method=ddim] [data-role=took]"),
    );
    await sampled(["ddim"]);
    expect(await distance("ddim")).not.toBe(plain);
    await set(page.locator("input[name=eta]"), 0);
    await page.waitForFunction(
      () => !document.querySelector("[data-method=ddim] [data-role=took]"),
    );
    await sampled(["ddim"]);
    expect(await distance("ddim")).toBe(plain);
  });

  test("training goes on, on TensorFlow.js, where ONNX Runtime stopped", async () => {
    const before = Number(/\d+/.exec((await status().textContent()) ?? "")?.[0]);
    await page.locator("select[name=backend]").selectOption("tfjs/wasm");
    await set(page.locator("input[name=steps]"), before + 20);
    await button(".train", "Continue").click();
    await button(".train", "Train").waitFor();
    expect(await status().textContent()).toMatch(new RegExp(`^${before + 20} steps in `));
    expect(await badge(".train").textContent()).toBe("tfjs/wasm");
    expect(Number(await page.locator("[data-role=loss]").textContent())).toBeLessThan(0.5);
    await sampled();
    expect(await badge(".sample").textContent()).toBe("tfjs/wasm");
    expect((await pixelsOf(canvas("[data-method=ddpm]"))).blue).toBeGreaterThan(1000);
  });

  test("points drawn by pointer and by keyboard are learned", async () => {
    await choose("drawn");
    const train = button(".train", "Train");
    expect(await train.isDisabled()).toBe(true);
    const pad = page.getByRole("application");
    await pad.focus();
    for (const key of ["ArrowLeft", "ArrowUp", "Space", "ArrowUp", "Enter"]) {
      await page.keyboard.press(key);
    }
    expect(await page.locator(".data .note").textContent()).toContain("14 points to go");
    const box = await pad.boundingBox();
    if (!box) throw new Error("the drawing area must be visible");
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2, { steps: 8 });
    await page.mouse.up();
    expect(await train.isDisabled()).toBe(false);
    expect((await pixelsOf(canvas(".data"))).drawn).toBeGreaterThan(200);

    await page.locator("select[name=backend]").selectOption("onnx/wasm");
    await set(page.locator("input[name=steps]"), 30);
    await train.click();
    await page.locator(".train [role=status]", { hasText: "30 steps in" }).waitFor();
    await sampled();
    expect((await pixelsOf(canvas("[data-method=ddim]"))).blue).toBeGreaterThan(1000);
    await button(".data", "Clear").click();
    expect(await train.isDisabled()).toBe(true);
  });

  test("the language switches at once and is kept in the address", async () => {
    await page.getByRole("button", { name: "中文" }).click();
    expect(await page.locator("h1").textContent()).toBe("从噪声到点集");
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    // What was trained is still there.
    expect(await button(".sample", "采样").isDisabled()).toBe(false);
    await page.reload();
    expect(await page.locator("h1").textContent()).toBe("从噪声到点集");
    expect(new URL(page.url()).searchParams.get("lang")).toBe("zh");
  });
});
