import { readSafetensors } from "@gen/data";
import type { Tensor } from "@gen/graph";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { backendNeeds } from "../../../../tooling/browser/page-tests.ts";
import { type FileServer, patient, serveFiles } from "../../../../tooling/fixtures/file-server.ts";
import { goldenRuns, modelFolder } from "../../../../tooling/fixtures/model-folder.ts";
import { closesBrowser, inBrowser } from "./in-browser.ts";
import type { draws } from "./page/pictures.ts";

closesBrowser();
// On a software adapter, on cores shared with other tests, shaders take long to compile.
const slow = { timeout: 180_000 };

// A run of diffusers 0.39 on PyTorch 2.15: tooling/reference/folders/prompts.py.
const { cases, tensors } = goldenRuns("sd1", "prompts");
const [run] = cases;
const golden = readSafetensors(tensors).tensors as unknown as Record<string, Tensor>;
const goldenOf = (name: string) =>
  Array.from(golden[`${run.name}.${name}`].data as Float32Array, Number);
const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));
const far = (a: readonly number[], b: readonly number[]) => largest(b.map((v, i) => v - a[i]));

const { paths, read } = modelFolder("sd1");
const unet = "/unet/model.onnx";
const modified = new Date(0).toUTCString();

/** The folder on a server of another origin than the page's. */
async function serveFolder(): Promise<FileServer> {
  const server = await serveFiles();
  for (const path of paths) {
    server.files.set(`/${path}`, { bytes: (await read(path)) as Uint8Array, modified });
  }
  return server;
}

let server: FileServer;
beforeEach(async () => {
  server = await serveFolder();
});
afterEach(() => server.close());

const visit = {
  backend: "onnx/wasm",
  drawn: {
    prompt: run.prompt as string,
    negativePrompt: run.negative_prompt,
    steps: run.steps,
    torchSeed: run.seed,
  },
};
const unetRequests = () => server.asked.filter(({ path }) => path === unet);
const asked = () => unetRequests().map(({ status }) => status);

type Drawn = Awaited<ReturnType<typeof draws>>;

/** Expects diffusers' latents after each step, and its picture. */
function expectGolden(got: Drawn) {
  expect(got.error).toBeUndefined();
  expect(got.readBacks).toHaveLength(run.times.length);
  const wanted = goldenOf("latents");
  const size = wanted.length / (got.latents.length + 1);
  const after = got.latents.map((_, i) => wanted.slice((i + 1) * size, (i + 2) * size));
  for (const [i, latents] of got.latents.entries()) {
    expect(latents).toHaveLength(size);
    expect(far(latents, after[i]) / largest(wanted)).toBeLessThan(1e-3);
  }
  expect(got.shape).toEqual(golden[`${run.name}.images`].shape);
  const levels = got.images.map((v) => (v / 2 + 0.5) * 255);
  expect(far(levels, goldenOf("images"))).toBeLessThan(2);
}

inBrowser("a prompt's picture", { isolated: true }, (page) => {
  beforeEach(async () => {
    await page().run("forgets", []);
  });

  it(
    "is diffusers', with progress in bytes and steps, and is made without a server",
    slow,
    async () => {
      const here = { ...visit, url: server.url, reads: true };
      const got = await page().run("draws", [here]);
      expectGolden(got);
      const [planes, size] = [goldenOf("images"), 64 * 64];
      const levels = got.canvas.map((_, i) =>
        i % 4 < 3 ? planes[(i % 4) * size + (i >> 2)] : 255,
      );
      expect(far(got.canvas, levels)).toBeLessThan(2);
      const total = server.files.get(unet)?.bytes.length;
      expect([got.loaded[0], got.loaded.at(-1)]).toEqual([0, total]);
      expect(got).toMatchObject({ live: 0, notes: [] });
      expect(asked()).toEqual([200]);
      await server.close();
      const again = await page().run("draws", [here], "worker");
      expect(again.images).toEqual(got.images);
      expect(again.loaded).toEqual([total]);
    },
  );

  it("goes on after the user stopped its download", slow, async () => {
    const { bytes } = server.files.get(unet) as { bytes: Uint8Array };
    server.files.set(unet, { bytes, modified, stallsAfter: 70_000 });
    const here = { ...visit, url: server.url };
    const stopped = await page().run("draws", [{ ...here, stopAt: { bytes: 70_000 } }]);
    expect(stopped).toMatchObject({ error: expect.stringMatching(/^AbortError/), live: 0 });
    await vi.waitFor(() => expect(unetRequests()[0].left).toBe(true), patient);
    // The server breaks the connection in the middle.
    server.files.set(unet, { bytes, modified, breaks: [140_000] });
    const cut = await page().run("draws", [{ ...here, attempts: 1 }]);
    expect(cut.error).toMatch(/^GenError: .* broke off after \d+ of \d+ bytes/);
    server.files.set(unet, { bytes, modified });
    const got = await page().run("draws", [{ ...here, reads: true }]);
    expectGolden(got);
    expect(asked()).toEqual([200, 206, 206]);
    expect(got.loaded[0]).toBeGreaterThan(70_000);
    expect(got.loaded.at(-1)).toBe(bytes.length);
  });

  it("is stopped between two steps", slow, async () => {
    const got = await page().run("draws", [{ ...visit, url: server.url, stopAt: { step: 1 } }]);
    expect(got.readBacks).toHaveLength(2);
    expect(got).toMatchObject({ error: expect.stringMatching(/^AbortError/), live: 0 });
  });

  it("is diffusers' where models stay whole files", slow, async () => {
    const here = { ...visit, url: server.url, wholeAbove: 0, reads: true };
    for (const backend of ["onnx/wasm", "onnx/wasm, in a worker"]) {
      expectGolden(await page().run("draws", [{ ...here, backend }]));
    }
  });
});

inBrowser(
  "a prompt's picture on a GPU",
  { isolated: true, needs: backendNeeds("onnx/webgpu") },
  (page) => {
    it("is diffusers', and its latents stay there", slow, async () => {
      const here = { ...visit, backend: "onnx/webgpu", url: server.url, wholeAbove: 0 };
      const got = await page().run("draws", [{ ...here, reads: true }]);
      expectGolden(got);
      // Only what the page asks for is read.
      expect(got.readBacks.slice(1).map((n, i) => n - got.readBacks[i])).toEqual(Array(6).fill(1));
    });
  },
);
