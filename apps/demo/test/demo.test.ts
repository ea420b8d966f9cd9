import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type Server, serve } from "../../../tooling/browser/serve.ts";
import { builtDemo } from "./built-demo.ts";
import { pointsPage } from "./demo-page.ts";

test("no file imports a worker's first file, because WebKit would run it twice", () => {
  const assets = join(builtDemo, "assets");
  const files = readdirSync(assets).filter((name) => name.endsWith(".js"));
  const entry = files.find((name) => name.startsWith("points.worker-"));
  expect(entry).toBeDefined();
  const imports = new RegExp(`(from|import)\\s*\\(?["'\`]\\./${entry}`);
  expect(files.filter((name) => imports.test(readFileSync(join(assets, name), "utf8")))).toEqual(
    [],
  );
});

describeEngines("the demo, start to end", enginesOf({ everyEngine: true }), (engine) => {
  let server: Server;
  let browser: Browser;
  let page: BrowserPage;
  let points: ReturnType<typeof pointsPage>;

  beforeAll(async () => {
    server = await serve({ "/": builtDemo }, { isolated: true });
    browser = await launch(engine);
    page = await browser.newPage();
    points = pointsPage(page);
    await page.resize(1280, 900);
    await page.goto(`${server.url}#/learn`);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  afterEach(async () => expect(await page.problems()).toEqual([]));

  test("training moons on ONNX Runtime lowers the loss, and Stop keeps the weights", async () => {
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await points.choose("moons");
    await expect
      .poll(async () => (await points.pixels(".data .stage")).drawn)
      .toBeGreaterThan(1000);
    await page.fill("select[name=backend]", "onnx/wasm");
    await page.fill("input[name=steps]", 20_000);
    // The fourth stop of the slider: 50 steps.
    await page.fill("input[name=ddpm-steps]", 3);
    expect(await page.usable(points.button(".sample", "Sample"))).toBe(false);

    await page.click(points.button(".train", "Train"));
    await points.reached(200);
    await page.click(points.button(".train", "Stop"));
    await points.shows(".train button", "Continue");
    expect(await points.status()).toMatch(
      /^Stopped after \d+ steps\. The trained weights are kept/,
    );
    // Steps after the worker received the message.
    const late = await page.evaluate(() =>
      document.querySelector(".train [data-late]")?.getAttribute("data-late"),
    );
    expect(Number(late)).toBeLessThanOrEqual(1);
    await page.click(".train .numbers summary");
    const first = await page.waitFor(
      () => document.querySelector(".train .numbers tbody td")?.textContent,
    );
    expect(Number(first)).toBeGreaterThan(0.6);
    const shown = await page.waitFor(() => document.querySelector("[data-role=loss]")?.textContent);
    expect(Number(shown)).toBeLessThan(0.5);
    expect(await points.badge(".train")).toBe("onnx/wasm");
  });

  test("DDPM and DDIM sample from the same noise, and DDIM at eta 0 is repeatable", async () => {
    await points.sampled();
    expect(await points.badge(".sample")).toBe("onnx/wasm");
    for (const method of ["ddpm", "ddim"]) {
      expect((await points.pixels(`[data-method=${method}] .stage`)).colored).toBeGreaterThan(1000);
      expect(await points.distance(method)).toBeGreaterThan(0);
      // Noise alone scores about 0.3.
      expect(await points.distance(method)).toBeLessThan(0.25);
    }
    const plain = await points.distance("ddim");
    await points.restart("ddim", () => page.fill("input[name=eta]", 1));
    await points.sampled(["ddim"]);
    expect(await points.distance("ddim")).not.toBe(plain);
    await points.restart("ddim", () => page.fill("input[name=eta]", 0));
    await points.sampled(["ddim"]);
    expect(await points.distance("ddim")).toBe(plain);
  });

  /** The main walk runs in each engine. What follows runs in the others with `test:all`. */
  const inDepth = test.runIf(allEngines || engine === "chromium");

  inDepth("TensorFlow.js resumes the training that ONNX Runtime began", async () => {
    const before = Number(/\d+/.exec(await points.status())?.[0]);
    await page.fill("select[name=backend]", "tfjs/wasm");
    await page.fill("input[name=steps]", before + 20);
    await page.click(points.button(".train", "Continue"));
    await points.shows(".train .status", `${before + 20} steps in `);
    await points.shows(".train button", "Train");
    expect(await points.badge(".train")).toBe("tfjs/wasm");
    expect(Number(await page.text("[data-role=loss]"))).toBeLessThan(0.5);
    await points.sampled();
    expect(await points.badge(".sample")).toBe("tfjs/wasm");
    expect((await points.pixels("[data-method=ddpm] .stage")).colored).toBeGreaterThan(1000);
  });

  inDepth("points drawn by pointer and by keyboard are learned", async () => {
    await points.choose("drawn");
    const train = points.button(".train", "Train");
    expect(await page.usable(train)).toBe(false);
    const pad = "[role=application]";
    await page.focus(pad);
    for (const key of ["ArrowLeft", "ArrowUp", "Space", "ArrowUp", "Enter"]) await page.press(key);
    await points.shows(".data .note", "14 points to go");
    await page.drag(pad, [0.3, 0.5], [0.7, 0.5]);
    expect(await page.usable(train)).toBe(true);
    await expect.poll(async () => (await points.pixels(".data .stage")).drawn).toBeGreaterThan(200);

    await page.fill("select[name=backend]", "onnx/wasm");
    await page.fill("input[name=steps]", 30);
    await page.click(train);
    await points.shows(".train .status", "30 steps in");
    await points.sampled();
    expect((await points.pixels("[data-method=ddim] .stage")).colored).toBeGreaterThan(1000);
    await page.click(points.button(".data", "Clear"));
    expect(await page.usable(train)).toBe(false);
  });

  test("the language switches at once and is kept in the address", async () => {
    await page.click({ selector: ".languages button", text: "中文" });
    await points.shows("h1", "从噪声到点集");
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("zh-CN");
    // The trained model is kept.
    expect(await page.usable(points.button(".sample", "采样"))).toBe(true);
    await page.reload();
    await points.shows("h1", "从噪声到点集");
    expect(new URL(await page.url()).searchParams.get("lang")).toBe("zh");
  });
});

describeEngines("the demo in a restricted page", enginesOf(), (engine) => {
  let browser: Browser;
  const open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    browser = await launch(engine);
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  afterAll(() => browser?.close());

  /** Opens the demo, served with these headers. */
  async function visit(headers: Record<string, string>) {
    const server = await serve({ "/": builtDemo }, { isolated: true, headers });
    const page = await browser.newPage();
    open.push(page, server);
    await page.resize(1280, 900);
    await page.goto(`${server.url}#/learn`);
    const points = pointsPage(page);
    await points.shows("h1", "From noise to points");
    return { page, points, server };
  }

  const policy = (scripts: string, more = "") => ({
    "content-security-policy": `default-src 'self'; script-src ${scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; ${more}`,
  });

  async function trainAndSample(
    page: BrowserPage,
    points: ReturnType<typeof pointsPage>,
    steps: number,
  ) {
    await page.fill("input[name=steps]", steps);
    await page.fill("input[name=ddpm-steps]", 1);
    await page.click(points.button(".train", "Train"));
    await points.shows(".train .status", `${steps} steps in`);
    await points.sampled();
    expect((await points.pixels("[data-method=ddim] .stage")).colored).toBeGreaterThan(1000);
  }

  test("without workers, the page trains and samples in its own thread and says so", async () => {
    const { page, points } = await visit(policy("'self' 'wasm-unsafe-eval'", "worker-src 'none'"));
    await points.shows(".limit", "may not start workers");
    await trainAndSample(page, points, 60);
    // Stop works while the page computes.
    await page.fill("input[name=steps]", 20_000);
    await points.shows(".train button", "Continue");
    await page.click(points.button(".train", "Continue"));
    await points.reached(100);
    await page.click(points.button(".train", "Stop"));
    await points.shows(".train .status", "Stopped after");
  });

  test.runIf(allEngines)(
    "without WebAssembly, TensorFlow.js trains in plain JavaScript",
    async () => {
      const { page, points } = await visit(policy("'self'"));
      await points.shows(".limit", "may not run WebAssembly");
      await page.fill("select[name=backend]", "tfjs/cpu");
      await trainAndSample(page, points, 10);
      expect(await points.badge(".train")).toBe("tfjs/cpu");
    },
  );

  // In a sandbox, WebKit matches no address with the 'self' of the demo's own policy.
  test.skipIf(engine === "webkit")(
    "everything works in a sandbox without storage, workers or an address",
    async () => {
      const { page, points } = await visit({
        "content-security-policy": "sandbox allow-scripts",
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
      });
      await expect(page.evaluate(() => localStorage.length)).rejects.toThrow();
      await trainAndSample(page, points, 60);
      await page.click({ selector: ".languages button", text: "中文" });
      await expect.poll(() => page.text("h1")).toBe("从噪声到点集");
    },
  );

  test("without a network after the first load, it names the missing file and keeps the rest", async () => {
    const { page, points, server } = await visit({});
    server.cut();
    await page.click(points.button(".train", "Train"));
    await points.shows(".train .error", "The network is gone");
    expect(await page.text(".train .error")).toContain("ONNX Runtime · WASM");
    await points.choose("rings");
    await expect
      .poll(async () => (await points.pixels(".data .stage")).drawn)
      .toBeGreaterThan(1000);
  });
});

describe("a page whose script fails", () => {
  test("says what to do, in both languages", () => {
    const html = readFileSync(join(builtDemo, "index.html"), "utf8");
    expect(html).toMatch(/<noscript>[\s\S]*JavaScript[\s\S]*重新加载[\s\S]*<\/noscript>/);
    expect(html).toMatch(/<div id="app">\s*<p class="boot">[^<]*If this line stays[\s\S]*重新加载/);
  });
});

describeEngines("a browser whose language is not a language tag", ["webkit"], (engine) => {
  test("shows the demo in the default language", async () => {
    const browser = await launch(engine, { systemLocale: "C.UTF-8" });
    const server = await serve({ "/": builtDemo }, { isolated: true });
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}#/learn`);
      const points = pointsPage(page);
      await points.shows("h1", "From noise to points");
      await points.shows(".train h2", "Train");
      // The page overrides the browser's value, which is still "C".
      expect(
        await page.evaluate(() => Reflect.get(Navigator.prototype, "language", navigator)),
      ).toBe("C");
      expect(await page.evaluate(() => navigator.language)).toBe("en");
      expect(await page.problems()).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});

describeEngines("a page whose language is locked to an invalid tag", enginesOf(), (engine) => {
  test("shows the demo in the default language", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gen-demo-language-"));
    const browser = await launch(engine);
    await cp(builtDemo, folder, { recursive: true });
    await writeFile(
      join(folder, "lock.js"),
      `for (const [name, value] of [["language", "C"], ["languages", ["C"]]])
        Object.defineProperty(navigator, name, { value });`,
    );
    const html = await readFile(join(folder, "index.html"), "utf8");
    const locked = html.replace("<head>", '<head><script src="./lock.js"></script>');
    await writeFile(join(folder, "index.html"), locked);
    const server = await serve({ "/": folder }, { isolated: true });
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}#/learn`);
      const points = pointsPage(page);
      await points.shows(".train h2", "Train");
      expect(await page.evaluate(() => navigator.language)).toBe("C");
      expect(await page.problems()).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
