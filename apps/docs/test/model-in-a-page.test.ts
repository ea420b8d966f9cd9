import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadPipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate } from "@gen/sampling";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type ShownPage, serveShownPage } from "../../../tooling/browser/shown-page.ts";
import { type FileServer, patient, serveFiles } from "../../../tooling/fixtures/file-server.ts";
import { fencesOf } from "../scripts/fences.mjs";

const docs = join(import.meta.dirname, "..");
const folder = join(docs, "..", "..", "packages", "cli", "test", "reference", "unet-28");
const page = readFileSync(join(docs, "guide", "model-in-a-page.md"), "utf8");
const shown = (language: string) => fencesOf(page, language)[0].code;
const network = "/unet/model.onnx";

/** What the page shows of the model: gray pixels of the one sample, as they are on the canvas. */
async function pixelsInNode(): Promise<number[]> {
  const pipeline = await loadPipeline(async (path) => {
    const name = path.split("/").at(-1);
    const inside = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return inside.includes(path) && name ? readFileSync(join(folder, path)) : undefined;
  });
  const backend = await onnxBackend();
  const { x } = await generate(pipeline, { backend, steps: 50, seed: 0 });
  await backend.close();
  return Array.from(x, (v) => Math.min(Math.max(Math.round(127.5 * (1 + v)), 0), 255));
}

describeEngines("the page of the guide 'Your ONNX model in a page'", enginesOf(), (engine) => {
  let site: ShownPage;
  let models: FileServer;
  let browser: Browser;
  let tab: BrowserPage;

  beforeAll(async () => {
    const files = { "index.html": shown("html"), "vite.config.mjs": shown("js") };
    site = await serveShownPage(files, join(docs, "node_modules"), { model: folder });
    models = await serveFiles();
    browser = await launch(engine);
    tab = await browser.newPage();
    await tab.goto(site.url);
    for (const path of [network, "/scheduler/scheduler_config.json"]) {
      const bytes = new Uint8Array(readFileSync(join(folder, path)));
      models.files.set(path, { bytes, modified: new Date(0).toUTCString() });
    }
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([site?.close(), models?.close()]);
  });

  const until = (text: string) =>
    tab.waitFor(
      (text) => document.querySelector("#status")?.textContent?.startsWith(text),
      text,
    );
  const pixels = () =>
    tab.evaluate(() => {
      const canvas = document.querySelector("canvas") as HTMLCanvasElement;
      const context = canvas.getContext("2d") as CanvasRenderingContext2D;
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return { width: canvas.width, data: Array.from(data) };
    });

  it("draws the model's sample, and says how far it is and how long it takes", async () => {
    await tab.evaluate(() => {
      const seen: string[] = [];
      Object.assign(globalThis, { seen });
      const status = document.querySelector("#status") as HTMLElement;
      new MutationObserver(() => seen.push(status.textContent ?? "")).observe(status, {
        childList: true,
      });
    });
    await tab.click("#draw");
    await until("done");
    const seen = await tab.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
    expect(seen.some((text) => text.startsWith("downloading unet/model.onnx"))).toBe(true);
    const steps = seen.filter((text) => text.startsWith("step"));
    expect(steps).toHaveLength(50);
    expect(steps.every((text, i) => text.startsWith(`step ${i + 1} of 50, `))).toBe(true);
    expect(steps.at(-1)).toBe("step 50 of 50, 0 s left");
    const { width, data } = await pixels();
    const wanted = await pixelsInNode();
    expect(width).toBe(28);
    expect(new Set(wanted).size).toBeGreaterThan(20);
    const far = wanted.map((v, i) =>
      Math.max(...[0, 1, 2].map((c) => Math.abs(data[4 * i + c] - v)), 255 - data[4 * i + 3]),
    );
    expect(Math.max(...far)).toBeLessThanOrEqual(1);
  });

  it("stops within the sampling when the reader cancels", async () => {
    // The reader presses Cancel in step 3, however fast the machine is.
    await tab.evaluate(() => {
      const status = document.querySelector("#status") as HTMLElement;
      const cancel = document.querySelector("#cancel") as HTMLButtonElement;
      new MutationObserver((_, observer) => {
        if (!status.textContent?.startsWith("step 3 ")) return;
        observer.disconnect();
        cancel.click();
      }).observe(status, { childList: true });
    });
    await tab.click("#draw");
    await until("canceled");
    expect(await tab.usable("#cancel")).toBe(false);
    await tab.click("#draw");
    await until("done");
  });

  it("stops within the download, and goes on there", async () => {
    const file = models.files.get(network);
    if (!file) throw new Error("no model");
    models.files.set(network, { ...file, stallsAfter: 70_000 });
    await tab.fill("#model", `${models.url}/`);
    await tab.click("#draw");
    await until("downloading unet/model.onnx");
    await vi.waitFor(() => expect(models.asked.some(({ sent }) => sent > 0)).toBe(true), patient);
    await tab.click("#cancel");
    await until("canceled");
    const requests = () => models.asked.filter(({ path }) => path === network);
    await vi.waitFor(() => expect(requests()[0].left).toBe(true), patient);
    models.files.set(network, file);
    await tab.click("#draw");
    await until("done");
    expect(requests().map(({ status }) => status)).toEqual([200, 206]);
  });

  it("says what is wrong with an address", async () => {
    await tab.fill("#model", "/nothing/");
    await tab.click("#draw");
    await until("scheduler/scheduler_config.json is missing");
  });
});
