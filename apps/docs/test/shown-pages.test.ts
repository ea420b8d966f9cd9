import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadPipeline, textToImage, toPixels } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate } from "@gen/sampling";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type ShownPage, serveShownPage } from "../../../tooling/browser/shown-page.ts";
import { type FileServer, patient, serveFiles } from "../../../tooling/fixtures/file-server.ts";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { fencesOf } from "../scripts/fences.mjs";

const docs = join(import.meta.dirname, "..");
const folder = join(docs, "..", "..", "packages", "cli", "test", "reference", "unet-28");
const guide = (name: string) => readFileSync(join(docs, "guide", `${name}.md`), "utf8");
const shown = (name: string, language: string) => fencesOf(guide(name), language)[0].code;
const network = "/unet/model.onnx";
const modified = new Date(0).toUTCString();
const sd1 = modelFolder("sd1");

describeEngines(
  "pages of the guides, built and served as their readers do",
  enginesOf(),
  (engine) => {
    let site: ShownPage;
    let models: FileServer;
    let browser: Browser;
    let tab: BrowserPage;

    beforeAll(async () => {
      const files = {
        "index.html": shown("model-in-a-page", "html"),
        "prompt.html": shown("text-to-image", "html"),
        "vite.config.mjs": shown("model-in-a-page", "js"),
      };
      site = await serveShownPage(files, join(docs, "node_modules"), { model: folder });
      models = await serveFiles();
      for (const path of [network, "/scheduler/scheduler_config.json"]) {
        models.files.set(path, {
          bytes: new Uint8Array(readFileSync(join(folder, path))),
          modified,
        });
      }
      for (const path of sd1.paths) {
        const bytes = (await sd1.read(path)) as Uint8Array;
        models.files.set(`/sd1/${path}`, { bytes, modified });
      }
      browser = await launch(engine);
      tab = await browser.newPage();
    });
    afterAll(async () => {
      await browser?.close();
      await Promise.all([site?.close(), models?.close()]);
    });

    const until = (text: string) =>
      tab.waitFor((text) => document.querySelector("#status")?.textContent?.startsWith(text), text);
    const pixels = () =>
      tab.evaluate(() => {
        const canvas = document.querySelector("canvas") as HTMLCanvasElement;
        const context = canvas.getContext("2d") as CanvasRenderingContext2D;
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        return Array.from(data);
      });
    /** Records the status lines of a page. */
    const record = () =>
      tab.evaluate(() => {
        const seen: string[] = [];
        Object.assign(globalThis, { seen });
        const status = document.querySelector("#status") as HTMLElement;
        const note = () => seen.push(status.textContent ?? "");
        new MutationObserver(note).observe(status, { childList: true });
      });
    const recorded = () => tab.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
    /** Presses Cancel once the status begins with a text, however fast the machine is. */
    const cancelAt = (text: string) =>
      tab.evaluate((text) => {
        const status = document.querySelector("#status") as HTMLElement;
        new MutationObserver((_, observer) => {
          if (!status.textContent?.startsWith(text)) return;
          observer.disconnect();
          document.querySelector<HTMLButtonElement>("#cancel")?.click();
        }).observe(status, { childList: true });
      }, text);
    const farthest = (a: readonly number[], b: ArrayLike<number>) =>
      Math.max(Math.abs(a.length - b.length), ...a.map((v, i) => Math.abs(v - b[i])));

    describe("Your ONNX model in a page", () => {
      beforeAll(() => tab.goto(site.url));

      /** The picture of Node's backend: gray and opaque. */
      async function pictureInNode(): Promise<number[]> {
        const inside = readdirSync(folder, { recursive: true, encoding: "utf8" });
        const pipeline = await loadPipeline(async (path) =>
          inside.includes(path) ? readFileSync(join(folder, path)) : undefined,
        );
        const backend = await onnxBackend();
        const { x } = await generate(pipeline, { backend, steps: 50, seed: 0 });
        await backend.close();
        expect(new Set(x).size).toBeGreaterThan(100);
        return Array.from(x).flatMap((v) => [...Array(3).fill(127.5 * (1 + v)), 255]);
      }

      it("draws the model's sample, and says how far it is and how long it takes", async () => {
        await record();
        await tab.click("#draw");
        await until("done");
        const seen = await recorded();
        expect(seen.some((text) => text.startsWith("downloading unet/model.onnx"))).toBe(true);
        const steps = seen.filter((text) => text.startsWith("step"));
        expect(steps).toHaveLength(50);
        for (const [i, text] of steps.entries()) {
          expect(text).toMatch(new RegExp(`^step ${i + 1} of 50, \\d+ s left$`));
        }
        expect(farthest(await pixels(), await pictureInNode())).toBeLessThan(2);
      });

      it("stops within the sampling when the reader cancels", async () => {
        await record();
        await cancelAt("step 3 ");
        await tab.click("#draw");
        await until("canceled");
        expect(await tab.usable("#cancel")).toBe(false);
        const steps = (await recorded()).filter((text) => text.startsWith("step"));
        expect(steps.length).toBeLessThan(50);
      });

      it("stops within the download, and goes on there", async () => {
        const file = models.files.get(network);
        if (!file) throw new Error("no model");
        models.files.set(network, { ...file, stallsAfter: 70_000 });
        const requests = () => models.asked.filter(({ path }) => path === network);
        await tab.fill("#model", `${models.url}/`);
        await tab.click("#draw");
        await until("downloading unet/model.onnx");
        await vi.waitFor(() => expect(requests()[0]?.sent).toBe(70_000), patient);
        await tab.click("#cancel");
        await until("canceled");
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
        await tab.fill("#model", "http://127.0.0.1:9/");
        await tab.click("#draw");
        await tab.waitFor(() =>
          document.querySelector("#status")?.textContent?.includes("cannot be reached"),
        );
      });
    });

    // A guided run in WebAssembly takes seconds of the processor.
    describe.runIf(allEngines)("Text to image", () => {
      beforeAll(() => tab.goto(`${site.url}prompt.html`));

      it("draws the prompt's picture, and stops when the reader cancels", async () => {
        await tab.fill("#model", `${models.url}/sd1/`);
        await tab.fill("#provider", "wasm");
        await record();
        await cancelAt("step 2 of ");
        await tab.click("#draw");
        await until("canceled");
        await tab.click("#draw");
        await until("done");
        const seen = await recorded();
        expect(seen.some((text) => /^unet\/model.onnx: \d+\.\d MB, \d+ s left$/.test(text))).toBe(
          true,
        );
        // PNDM calls the network once more.
        expect(seen).toContain("step 21 of 21, 0 s left");

        const backend = await onnxBackend();
        const wanted = await textToImage(sd1.read, {
          backend,
          prompt: "a red fox",
          steps: 20,
          torchSeed: 7,
        });
        await backend.close();
        const [data] = toPixels(wanted);
        expect(new Set(data).size).toBeGreaterThan(100);
        expect(farthest(await pixels(), data)).toBeLessThan(4);
      });
    });
  },
);
