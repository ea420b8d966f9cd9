import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines } from "../../../tooling/browser/page-tests.ts";
import { hostFolder, readHeaderFile } from "./host-folder.ts";
import { filesOf, writePageFiles } from "./page-files.ts";

const all = process.env.GEN_TEST_ALL === "1";
const docs = dirname(import.meta.dirname);
const model = join(docs, "../../packages/cli/test/reference/unet-28");

/**
 * The pages of "Publish a demo" (at the root) and of "Workers and servers", built once by Vite with
 * the config that the first shows.
 */
async function buildPages(root: string): Promise<string> {
  await symlink(join(docs, "node_modules"), join(root, "node_modules"), "junction");
  await writePageFiles("guide/publish.md", root, ["index.html", "main.js", "vite.config.js"]);
  await writePageFiles("guide/publish.md", join(root, "public"), ["sw.js", "_headers"]);
  await cp(model, join(root, "public/model"), { recursive: true });
  const workers = join(root, "workers");
  await writePageFiles("guide/servers.md", workers, ["index.html", "main.js", "worker.js"]);
  await writePageFiles("guide/servers.md", workers, ["train.js"]);
  const page = await readFile(join(workers, "index.html"), "utf8");
  await writeFile(join(workers, "train.html"), page.replace("./main.js", "./train.js"));
  await build({
    root,
    configFile: join(root, "vite.config.js"),
    logLevel: "error",
    resolve: { conditions: ["@gen/source", "module", "browser", "production"] },
    build: {
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1e5,
      rolldownOptions: {
        input: ["index.html", "workers/index.html", "workers/train.html"].map((name) =>
          join(root, name),
        ),
      },
    },
  });
  return join(root, "dist");
}

describeEngines("the pages that the guide shows", ["chromium"], (engine) => {
  let root = "";
  let dist = "";
  let browser: Browser;
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "gen-pages-"));
    await mkdir(join(root, "public"));
    [dist, browser] = await Promise.all([buildPages(root), launch(engine)]);
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(root, { recursive: true, force: true });
  });

  async function visit(path: string, rules = "") {
    const host = await hostFolder(dist, readHeaderFile(rules));
    const page = await browser.newPage();
    open.push(page, host);
    await page.goto(host.url + path);
    /** Clicks a button and waits for what the page says. */
    const click = async (button: string, words: string) => {
      await page.click(button);
      await page.waitFor(
        (text) => document.querySelector("output")?.textContent?.includes(text),
        words,
      );
    };
    /** Waits for the page that follows the first visit, which reloads. */
    const secondVisit = () => page.waitFor(isControlled).catch(() => page.waitFor(isControlled));
    return { page, host, click, secondVisit };
  }
  const isControlled = () =>
    navigator.serviceWorker.controller && document.readyState === "complete";
  const shownHeaders = () => filesOf("guide/publish.md").get("_headers") ?? "";

  it("draws with threads under the shown headers and policy", async () => {
    const { page, host, click, secondVisit } = await visit("", shownHeaders());
    await secondVisit();
    await click("button", "drawn, with threads");
    const drawn = await page.evaluate(() => {
      const canvas = document.querySelector("canvas");
      const { data = [] } = canvas?.getContext("2d")?.getImageData(0, 0, 28, 28) ?? {};
      return { size: canvas?.width, values: new Set(data).size };
    });
    expect(drawn.size).toBe(28);
    expect(drawn.values).toBeGreaterThan(20);
    // Other problems: parts that the folder lacks, and what the reload broke off.
    const problems = (await page.problems()).filter((text) => /policy|uncaught/i.test(text));
    expect(problems).toEqual([]);
    const cacheOf = (path: string) => host.sent.get(path)?.["cache-control"];
    const script = [...host.sent.keys()].find((path) => /^\/assets\/.*\.js$/.test(path)) ?? "";
    expect(cacheOf(script)).toContain("immutable");
    expect(cacheOf("/model/unet/model.onnx")).toBe("no-cache");
  });

  it.runIf(all)("says that a policy without 'wasm-unsafe-eval' forbids WebAssembly", async () => {
    const strict = shownHeaders().replace(" 'wasm-unsafe-eval'", "");
    const { page, click, secondVisit } = await visit("", strict);
    await secondVisit();
    await click("button", "onnx/wasm did not start");
    expect(await page.text("output")).toMatch(/content security policy/i);
    expect((await page.problems()).join()).toMatch(/policy/i);
  });

  it("draws with threads on a host without headers, and then without a network", async () => {
    const { page, host, click, secondVisit } = await visit("");
    await secondVisit();
    await click("button", "drawn, with threads");
    host.cut();
    await page.reload();
    await page.waitFor(isControlled);
    await click("button", "drawn, with threads");
  });

  it("samples in a worker, with progress, and stops", async () => {
    const { page, click } = await visit("workers/index.html");
    // In the page itself: a fast machine has sampled before a click from here.
    await page.evaluate(() => {
      const click = (id: string) => document.querySelector<HTMLElement>(id)?.click();
      click("#start");
      return new Promise<void>((done) => {
        const timer = setInterval(() => {
          if ((document.querySelector("progress")?.value ?? 0) === 0) return;
          clearInterval(timer);
          click("#stop");
          done();
        }, 1);
      });
    });
    await page.waitFor(() => document.querySelector("output")?.textContent?.includes("stopped"));
    expect(await page.evaluate(() => document.querySelector("progress")?.value)).toBeLessThan(1);
    await click("#start", "2000 points");
    expect(await page.problems()).toEqual([]);
  });

  it.runIf(all)("trains in a worker of its own, with progress, and stops", async () => {
    const { page, click } = await visit("workers/train.html");
    await click("#start", "%");
    await click("#stop", "stopped");
    await click("#start", "500 points");
    expect(await page.problems()).toEqual([]);
  });
});
