import { Buffer } from "node:buffer";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPng, readPngSettings, readSafetensors, writePng } from "@gen/data";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type FileServer, patient, serveFiles } from "../../../tooling/fixtures/file-server.ts";
import {
  goldenRuns,
  type ImageCase,
  modelFolder,
  pattern,
} from "../../../tooling/fixtures/model-folder.ts";
import { describeModel } from "../src/pages/model/describe-model.ts";
import { filesSource } from "../src/pages/model/model-source.ts";
import { axeProblems } from "./axe.ts";
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

// Folders and pictures of diffusers 0.39, PyTorch 2.15: tooling/reference/folders.

/** Files by their paths, as a person gives them. */
type Files = Readonly<Record<string, Uint8Array>>;

/** The files of a folder of fixtures, inside of a folder of that name. */
async function filesOf(
  name: string,
  changes: Readonly<Record<string, string | null>> = {},
): Promise<Files> {
  const { paths, read } = modelFolder(name);
  const all = new Map<string, Uint8Array>();
  for (const path of paths) all.set(`${name}/${path}`, (await read(path)) as Uint8Array);
  for (const [path, text] of Object.entries(changes)) {
    if (text === null) all.delete(`${name}/${path}`);
    else all.set(`${name}/${path}`, new TextEncoder().encode(text));
  }
  return Object.fromEntries(all);
}

const base64 = (files: Files) =>
  Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes).toString("base64")]);

/** Gives files to the room through an input, as its dialog does. */
async function choose(page: BrowserPage, files: Files): Promise<void> {
  await page.evaluate((list) => {
    const given = list.map(([path, text]) => {
      const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const file = new File([bytes], path.split("/").at(-1) as string);
      Object.defineProperty(file, "webkitRelativePath", { value: path.includes("/") ? path : "" });
      return file;
    });
    const input = document.querySelector("input[name=folder]") as HTMLInputElement;
    Object.defineProperty(input, "files", { value: given, configurable: true });
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, base64(files));
}

/** Gives the room a picture to start from. */
async function startFrom(page: BrowserPage, png: Uint8Array): Promise<void> {
  await page.evaluate((text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const file = new File([bytes], "mine.png", { type: "image/png" });
    const input = document.querySelector("input[name=start]") as HTMLInputElement;
    Object.defineProperty(input, "files", { value: [file], configurable: true });
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, Buffer.from(png).toString("base64"));
}

/** Drops a folder on the page, whose entries are read as those of a browser. */
async function drop(page: BrowserPage, files: Files): Promise<void> {
  await page.evaluate((list) => {
    type Entry = Record<string, unknown>;
    const fileEntry = (name: string, text: string): Entry => ({
      name,
      isFile: true,
      file: (done: (file: File) => void) =>
        done(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name)),
    });
    const folderEntry = (name: string, inside: [string, string][]): Entry => ({
      name,
      isFile: false,
      createReader() {
        const names = [...new Set(inside.map(([path]) => path.split("/")[0]))];
        const entries = names.map((each) => {
          const own = inside.filter(([path]) => path.split("/")[0] === each);
          const [[path, text]] = own;
          if (path === each) return fileEntry(each, text);
          return folderEntry(
            each,
            own.map(([p, t]) => [p.slice(each.length + 1), t]),
          );
        });
        // One entry in each call, then none.
        return { readEntries: (done: (some: Entry[]) => void) => done(entries.splice(0, 1)) };
      },
    });
    const root = folderEntry("", list as [string, string][]);
    const { readEntries } = (
      root.createReader as () => { readEntries(f: (e: Entry[]) => void): void }
    )();
    const items: object[] = [];
    readEntries((some) => items.push(...some.map((entry) => ({ webkitGetAsEntry: () => entry }))));
    const event = new Event("drop", { bubbles: true, cancelable: true });
    Object.defineProperty(event, "dataTransfer", { value: { items } });
    document.querySelector(".drop")?.dispatchEvent(event);
  }, base64(files));
}

const shows = (page: BrowserPage, selector: string, text: string) =>
  page.waitFor(
    (selector, text) =>
      Array.from(document.querySelectorAll(selector)).some((e) => e.textContent?.includes(text)),
    selector,
    text,
  );

/** Waits for what the room knows of a model of this name. */
const known = (page: BrowserPage, name: string) => shows(page, ".report .name", name);

const act = "button.act";

/** Makes the picture and waits for it. */
async function make(page: BrowserPage): Promise<number[]> {
  await page.click(act);
  await shows(page, "[data-role=caption]", "made here");
  return pixels(page);
}

/** Red, green, blue and alpha of the room's picture. */
const pixels = (page: BrowserPage) =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".pictures figure:last-child canvas");
    const { width = 1, height = 1 } = canvas ?? {};
    // A copy, because Chromium warns of a canvas that is read often.
    const copy = Object.assign(document.createElement("canvas"), { width, height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    if (canvas) context?.drawImage(canvas, 0, 0);
    return Array.from(context?.getImageData(0, 0, width, height).data ?? []);
  });

/** The largest difference between a picture and planes `[3, height, width]` of levels. */
const levelsApart = (rgba: readonly number[], planes: ArrayLike<number>) =>
  rgba.reduce(
    (most, v, i) => {
      if (i % 4 === 3) return most;
      return Math.max(most, Math.abs(v - planes[(i % 4) * (rgba.length / 4) + (i >> 2)]));
    },
    planes.length === (3 * rgba.length) / 4 ? 0 : 256,
  );

/** Values in [-1, 1] as levels of 255. */
const toLevels = (values: ArrayLike<number>) =>
  Array.from(values, (v) => Math.min(Math.max((v / 2 + 0.5) * 255, 0), 255));

const goldenPrompt = () =>
  readSafetensors(goldenRuns("sd1", "prompts").tensors).tensors["default.images"]
    .data as Uint8Array;

/**
 * The picture that diffusers' runs start from, 64 by 64, as a PNG with a gray band at its left and
 * right, which the room cuts off.
 */
function bandedPattern(): Uint8Array {
  const levels = toLevels(pattern([3, 64, 64]).data);
  const data = new Uint8Array(3 * 96 * 64).fill(128);
  levels.forEach((v, i) => {
    const [channel, y, x] = [Math.floor(i / 4096), Math.floor(i / 64) % 64, i % 64];
    data[3 * (96 * y + 16 + x) + channel] = Math.round(v);
  });
  return writePng({ width: 96, height: 64, channels: 3, data });
}

/** The files that the page has offered for download, by name. */
const savedFiles = (page: BrowserPage, count: number) =>
  page.waitFor(async (count) => {
    const { saved } = window as unknown as {
      saved: { name: string; bytes: Promise<ArrayBuffer> }[];
    };
    if (saved.length < count) return undefined;
    const files = saved.map(async ({ name, bytes }) => [
      name,
      Array.from(new Uint8Array(await bytes)),
    ]);
    return Object.fromEntries(await Promise.all(files)) as Record<string, number[]>;
  }, count);

/** The last latents of a run of a folder of fixtures. */
function goldenLatents(name: string, run: string): number[] {
  const { data, shape } = readSafetensors(modelFolder(name).tensors()).tensors[`${run}.latents`];
  return Array.from((data as Float32Array).slice(-data.length / shape[0]));
}

/** The tests of this room, on the built demo. */
describe("Your model", () => {
  let cache: string;
  const { XDG_CACHE_HOME } = process.env;
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), "gen-models-"));
    process.env.XDG_CACHE_HOME = cache;
  });
  afterAll(async () => {
    if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
    await rm(cache, { recursive: true, force: true, maxRetries: 3 });
  });

  test("the example's picture is that of diffusers", async () => {
    const file = fileURLToPath(new URL("../src/pages/model/example.png", import.meta.url));
    const { data, channels } = readPng(new Uint8Array(await readFile(file)));
    const golden = goldenPrompt();
    expect(
      Array.from(data, (_, i) => golden[(i % channels) * 4096 + Math.floor(i / channels)]),
    ).toEqual([...data]);
  });

  test("the example's report is what the room reads of its folder", async () => {
    const { paths, read } = modelFolder("sd1");
    const files = await Promise.all(
      paths.map(async (path) => [path, new File([(await read(path)) as BlobPart], path)] as const),
    );
    const source = filesSource({ kind: "files", name: "sd1", files: new Map(files) });
    const report = await describeModel(source, async () => ({}));
    const file = new URL("../src/pages/model/example-report.json", import.meta.url);
    const text = `${JSON.stringify(report, null, 2)}\n`;
    if (process.env.GEN_WRITE_PAGES === "1") await writeFile(file, text);
    else expect(report).toEqual(JSON.parse(await readFile(file, "utf8")));
  });

  describeRoom("your-model", enginesOf(), ({ visit, server, expectLight }) => {
    test("knows its example at once, and makes diffusers' picture of it; its code does so in Node", async () => {
      const page = await visit();
      await known(page, "example-model");
      expect(await page.text("[data-role=kind]")).toBe("Text to image");
      expect(await page.text(".parts")).toContain("unetestimates the noise in a sample1.7 MB");
      expect(await page.text("[data-role=memory]")).toMatch(/^Try the example/);
      const names = await page.evaluate(() =>
        performance.getEntriesByType("resource").map(({ name }) => name),
      );
      expect(names.filter((name) => name.endsWith(".wasm"))).toEqual([]);
      expect(names.filter((name) => !name.startsWith(new URL(server().url).origin))).toEqual([]);
      await page.waitFor(() => document.querySelector("[name=backend] option"));
      await expectLight();

      const before = await page.text(".parts");
      const rgba = await make(page);
      expect(await page.text(".parts")).toBe(before);
      expect(await page.text("[data-role=memory]")).toMatch(/^Weights 1\.8 MB, a run at most/);
      expect(await page.text(".report [data-fits=yes]")).toBe("ONNX Runtime · WASMruns");
      expect(levelsApart(rgba, goldenPrompt())).toBeLessThanOrEqual(2);
      expect(await page.text("[data-role=levels]")).toMatch(
        /^(The same picture|Largest .* [12] of 255)/,
      );
      const images = await runCode(await shownCode(page), "images");
      expect(levelsApart(rgba, toLevels(images as Float32Array))).toBeLessThanOrEqual(2);
      expect(await page.problems()).toEqual([]);
    });
  });

  describeRoom("your-model", enginesOf(), ({ visit }) => {
    let files: FileServer;
    beforeAll(async () => {
      files = await serveFiles();
    });
    beforeEach(() => files.reset());
    /** The room, when it knows its example. */
    async function opened(...to: Parameters<typeof visit>) {
      const page = await visit(...to);
      await known(page, "example-model");
      return page;
    }
    afterAll(() => files?.close());

    test("from a reader's picture it makes diffusers' picture, and its code does so in Node", async () => {
      const { cases, tensors } = goldenRuns<ImageCase>("sd1", "images");
      const run = cases.find(({ name }) => name === "image") as ImageCase;
      const page = await opened();
      await startFrom(page, bandedPattern());
      await shows(page, ".start-picture .note", "mine.png");
      await page.fill("[name=strength]", run.strength as number);
      const { steps, seed, prompt } = await page.evaluate(() =>
        Object.fromEntries(
          ["steps", "seed", "prompt"].map((name) => [
            name,
            document.querySelector<HTMLInputElement>(`[name=${name}]`)?.value,
          ]),
        ),
      );
      expect({ steps, seed, prompt }).toEqual({
        ...{ steps: String(run.steps), seed: String(run.seed), prompt: run.prompt },
      });
      const rgba = await make(page);
      const golden = readSafetensors(tensors).tensors["image.images"].data as Uint8Array;
      // The PNG rounds what diffusers starts from to whole levels.
      expect(levelsApart(rgba, golden)).toBeLessThanOrEqual(2);
      expect(await page.text("[data-role=caption]")).toMatch(/^made here: 4 steps/);

      await page.evaluate(keepDownloads);
      await takeHome(page, "PNG with its settings");
      await takeHome(page, "the start (PNG)");
      const saved = await savedFiles(page, 2);
      const settings = readPngSettings(Uint8Array.from(saved["gen-picture.png"]));
      expect(settings).toMatchObject({ torchSeed: 3, strength: 0.6, size: [64, 64] });
      const start = readPng(Uint8Array.from(saved["start.png"]));
      expect([start.width, start.height]).toEqual([64, 64]);
      const planes = toLevels(pattern([3, 64, 64]).data);
      const rgbaOf = Array.from({ length: 4 * 4096 }, (_, i) =>
        i % 4 === 3 ? 255 : start.data[3 * (i >> 2) + (i % 4)],
      );
      expect(levelsApart(rgbaOf, planes)).toBeLessThanOrEqual(0.5);

      const file = join(cache, "start.png");
      await writeFile(file, Uint8Array.from(saved["start.png"]));
      const code = (await shownCode(page)).replace('"start.png"', JSON.stringify(file));
      const images = await runCode(code, "images");
      expect(levelsApart(rgba, toLevels(images as Float32Array))).toBeLessThanOrEqual(1);

      await page.click("[name=remove-start]");
      expect(await page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("start");
      const fromNoise = await make(page);
      expect(levelsApart(fromNoise, goldenPrompt())).toBeLessThanOrEqual(2);
      expect(await page.problems()).toEqual([]);
    });

    test("a chosen folder of an unconditional model makes diffusers' picture", async () => {
      const page = await opened();
      await choose(page, await filesOf("ddpm"));
      await known(page, "ddpm");
      expect(await page.text("[data-role=kind]")).toBe("Unconditional: noise to picture");
      expect(await page.text("[data-role=facts]")).toContain(
        "needs nothing but noise · samples [3, 16, 16]",
      );
      await page.fill("[name=seed]", 0);
      await page.fill("[name=steps]", 5);
      const rgba = await make(page);
      expect(levelsApart(rgba, toLevels(goldenLatents("ddpm", "ddpm")))).toBeLessThanOrEqual(2);
      expect(await page.problems()).toEqual([]);
    });

    test("one ONNX file tells its inputs; with its scheduler's config it makes the same picture", async () => {
      const page = await opened();
      const {
        "ddpm/unet/model.onnx": model,
        "ddpm/scheduler/scheduler_config.json": scheduler,
        "ddpm/unet/config.json": config,
      } = await filesOf("ddpm");
      await choose(page, { "net.onnx": model });
      await known(page, "net.onnx");
      expect(await page.text("[data-role=kind]")).toBe("A single ONNX model");
      expect(await page.text(".parts")).toContain("takes sample float32 [");
      expect(await page.text("[data-role=no-way]")).toContain("scheduler_config.json");
      await choose(page, {
        "net.onnx": model,
        "scheduler_config.json": scheduler,
        "config.json": config,
      });
      await shows(page, "[data-role=kind]", "Unconditional");
      await page.fill("[name=seed]", 0);
      await page.fill("[name=steps]", 5);
      const rgba = await make(page);
      expect(levelsApart(rgba, toLevels(goldenLatents("ddpm", "ddpm")))).toBeLessThanOrEqual(2);
    });

    test("a dropped folder of classes makes diffusers' latents; cancelled, it makes none", async () => {
      const page = await opened();
      await drop(page, await filesOf("dit"));
      await known(page, "dit");
      expect(await page.text("[data-role=kind]")).toMatch(/^Class-conditional/);
      await page.fill("[name=class]", 3);
      await page.fill("[name=seed]", 0);
      await page.fill("[name=steps]", 5);
      const rgba = await make(page);
      // Four channels, as shades of gray.
      const latents = goldenLatents("dit", "ddim");
      const size = latents.length / 4;
      const gray = Array.from({ length: 3 * size }, (_, i) =>
        [0, 1, 2, 3].reduce((sum, c) => sum + latents[c * size + (i % size)] / 4, 0),
      );
      expect(levelsApart(rgba, toLevels(gray))).toBeLessThanOrEqual(2);
      await page.fill("[name=steps]", 1000);
      await page.click(act);
      await shows(page, ".status", "of 1000");
      await page.click(act);
      await shows(page, ".status", "Cancelled.");
      expect(await page.text(act)).toBe("Make the picture");
      expect(await page.problems()).toEqual([]);
    });

    test("an address is asked only after the reader's word, for headers first; a download goes on", async () => {
      const modified = new Date(0).toUTCString();
      const all = Object.entries(await filesOf("sd1"));
      for (const [path, bytes] of all) files.files.set(`/${path}`, { bytes, modified });
      const page = await opened();
      await page.fill("[name=url]", `${files.url}/sd1`);
      await page.click("[name=look]");
      await shows(page, ".said", `from ${new URL(files.url).host}`);
      expect(files.asked).toEqual([]);
      await page.click("[name=look]");
      await known(page, files.url);
      const models = files.asked.filter(({ path }) => path.endsWith(".onnx"));
      expect(models.length).toBeGreaterThanOrEqual(8);
      const whole = models.filter(({ method, headers }) => method === "GET" && !headers.range);
      expect(whole).toEqual([]);
      expect(await page.text("[data-role=memory]")).toMatch(/^Weights 1\.8 MB/);

      const unet = "/sd1/unet/model.onnx";
      const { bytes } = files.files.get(unet) as { bytes: Uint8Array };
      files.files.set(unet, { bytes, modified, stallsAfter: 700_000 });
      await page.click(act);
      await shows(page, ".status", "unet/model.onnx: ");
      await vi.waitFor(
        async () =>
          expect(
            Number(
              await page.evaluate(() =>
                document.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow"),
              ),
            ),
          ).toBeGreaterThan(30),
        patient,
      );
      await page.click(act);
      await shows(page, ".status", "Cancelled.");
      files.files.set(unet, { bytes, modified });
      const before = files.asked.length;
      const rgba = await make(page);
      expect(levelsApart(rgba, goldenPrompt())).toBeLessThanOrEqual(2);
      const again = files.asked.slice(before).filter(({ path }) => path === unet);
      expect(again.map(({ status }) => status)).toEqual([206]);
      const images = await runCode(await shownCode(page), "images");
      expect(levelsApart(rgba, toLevels(images as Float32Array))).toBeLessThanOrEqual(2);
    });

    test("a broken folder names what is missing and how to make it; a refused field says why", async () => {
      const page = await opened();
      await choose(page, await filesOf("sd1", { "unet/model.onnx": null }));
      await known(page, "sd1");
      const problems = await page.text(".problems");
      expect(problems).toContain("unet/model.onnx is missing from the pipeline folder");
      expect(problems).toContain("safetensors of PyTorch do not run here");
      expect(problems).toContain("optimum-cli export onnx --model MODEL FOLDER");
      const isOff = () =>
        page.evaluate(() => document.querySelector("button.act")?.getAttribute("aria-disabled"));
      expect(await isOff()).toBe("true");
      await expectAccessible(page);

      await choose(page, { "model.safetensors": new Uint8Array(8) });
      await shows(page, ".said", "These are weights of PyTorch");
      const { scheduler } = modelFolder("ddpm").cases[0];
      const config = { ...scheduler, beta_schedule: "wavy", steps_offset: -3, glow: 1 };
      const changed = { "scheduler/scheduler_config.json": JSON.stringify(config) };
      await choose(page, await filesOf("ddpm", changed));
      await known(page, "ddpm");
      const fields = await page.evaluate(() =>
        Array.from(document.querySelectorAll(".fields tbody tr"), (row) => [
          row.querySelector("th")?.textContent,
          row.querySelector("td:last-child")?.textContent,
        ]),
      );
      const stateOf = Object.fromEntries(fields);
      expect(stateOf.beta_schedule).toMatch(/^refused: beta_schedule must be .*wavy/);
      expect(stateOf.steps_offset).toMatch(/^refused: steps_offset must be .*-3/);
      expect(stateOf.glow).toBe("ignored: the class has no such field");
      expect(stateOf.clip_sample).toBe("followed");
      expect(stateOf._diffusers_version).toBe("a label");
      expect(await isOff()).toBe("true");

      await page.click({ selector: "button.link", text: "back to the example" });
      await known(page, "example-model");
      expect(await isOff()).toBe("false");
    });

    test("on a phone and by the keyboard: the picture stays in view, and its PNG keeps the settings", async () => {
      const page = await opened("?seed=5&steps=2&prompt=a%20dog&width=1e9", sizes.phone);
      await page.evaluate(keepDownloads);
      await page.focus(act);
      await page.press("Enter");
      await shows(page, "[data-role=caption]", "made here");
      expect(await page.evaluate(() => document.activeElement?.className)).toMatch(/\bact\b/);
      const box = await page.evaluate(() => {
        const { top, bottom } =
          document.querySelector(".pictures figure:last-child canvas")?.getBoundingClientRect() ??
          {};
        return [top ?? -1, bottom ?? Infinity];
      });
      expect(box[0]).toBeGreaterThanOrEqual(0);
      expect(box[1]).toBeLessThanOrEqual(741);
      await page.click({ selector: ".take-away button", text: "PNG with its settings" });
      await page.waitFor(() => (window as unknown as { saved: unknown[] }).saved.length > 0);
      const rgba = await pixels(page);
      const saved = await page.evaluate(() => {
        const { saved } = window as unknown as { saved: { bytes: Promise<ArrayBuffer> }[] };
        return saved[0].bytes.then((bytes) => Array.from(new Uint8Array(bytes)));
      });
      const png = Uint8Array.from(saved);
      expect(readPngSettings(png)).toMatchObject({
        prompt: "a dog",
        torchSeed: 5,
        steps: 2,
        size: [64, 64],
      });
      const { data } = readPng(png);
      expect([...data]).toEqual(rgba.filter((_, i) => i % 4 < 3));
      await expectAccessible(page);
      await page.resize(320, 640);
      expect(await overflow(page)).toBe(0);
      await page.reload();
      await known(page, "example-model");
      const kept = await page.evaluate(
        () => document.querySelector<HTMLTextAreaElement>("[name=prompt]")?.value,
      );
      expect(kept).toBe("a dog");
    });

    test("each button keeps the focus, and a loading or running room is accessible", async () => {
      const page = await opened();
      await page.click(act);
      await shows(page, act, "Cancel");
      expect(await axeProblems(page)).toEqual([]);
      await page.click(act);
      await shows(page, ".status", "Cancelled.");
      await expectFocusKept(page, async () => {
        await page.waitFor(() =>
          document.querySelector("button.act")?.textContent?.includes("Try"),
        );
      });
    });
  });
});
