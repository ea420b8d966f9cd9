// @ts-check
// Pages in a headless Chromium: bundled as people ship them, isolated so that threads may share memory.
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { findBrowser } from "../scripts/browser.mjs";
import { running } from "./pytorch.mjs";

/** The pages that stay, and those that take their time to a first sample. */
const lasting = [
  new URL("page/ours.mjs", import.meta.url),
  new URL("page/tfjs.mjs", import.meta.url),
  new URL("page/jax.mjs", import.meta.url),
];
const short = [
  new URL("page/first-ours.mjs", import.meta.url),
  new URL("page/first-by-hand.mjs", import.meta.url),
];

const flags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Opens a browser, or says why there is none.
 * @param {Readonly<Record<string, Uint8Array>>} pipeline Files that pages find under `/pipeline/`.
 * @returns {Promise<{ pages: Pages } | { missing: string }>}
 */
export async function openPages(pipeline) {
  const found = await findBrowser({ mayInstall: false });
  if ("missing" in found) return found;
  const folder = await mkdtemp(join(tmpdir(), "gen-bench-"));
  const server = await serve(await bundle(join(folder, "pages")), pipeline);
  // A profile on disk: the browser keeps compiled code beside its cache, as it does for people.
  const browser = await chromium.launchPersistentContext(join(folder, "profile"), {
    executablePath: found.path,
    args: flags,
  });
  const count = await processCounter(browser);
  return {
    pages: {
      version: `Chromium ${browser.browser()?.version() ?? ""}`.trim(),
      async open(name) {
        const page = await browser.newPage();
        await load(page, `${server.url}${name}`, "bench");
        await count.update();
        return {
          ask: (what, ...args) =>
            page.evaluate(
              ([what, args]) => /** @type {any} */ (globalThis).bench[what](...args),
              /** @type {[string, any[]]} */ ([what, args]),
            ),
          close: () => page.close(),
        };
      },
      async first(name) {
        const page = await browser.newPage();
        await load(page, `${server.url}${name}`, "first");
        const first = await page.evaluate(() => /** @type {any} */ (globalThis).first);
        await count.update();
        await page.close();
        return first;
      },
      async close() {
        count.end();
        await browser.close();
        await server.close();
        await rm(folder, { recursive: true, force: true });
      },
    },
  };
}

/**
 * @typedef {object} Page
 * @property {(what: string, ...args: any[]) => Promise<any>} ask
 * @property {() => Promise<void>} close
 */
/**
 * @typedef {object} Pages
 * @property {string} version
 * @property {(name: string) => Promise<Page>} open
 * @property {(name: string) => Promise<{ milliseconds: number, x: number[] }>} first A fresh page's first sample.
 * @property {() => Promise<void>} close
 */

/**
 * Keeps the browser's processes among those whose use is our own.
 * @param {import("playwright-core").BrowserContext} browser
 */
async function processCounter(browser) {
  const session = await browser.browser()?.newBrowserCDPSession();
  /** @type {Map<number, { pid: number }>} */
  const counted = new Map();
  return {
    async update() {
      const { processInfo = [] } = (await session?.send("SystemInfo.getProcessInfo")) ?? {};
      for (const { id } of processInfo) {
        if (counted.has(id)) continue;
        counted.set(id, { pid: id });
        running.add(/** @type {{ pid: number }} */ (counted.get(id)));
      }
    },
    end() {
      for (const each of counted.values()) running.delete(each);
    },
  };
}

/** Loads a page until it has set a global. @param {import("playwright-core").Page} page @param {string} url @param {string} global */
async function load(page, url, global) {
  const failed = new Promise((_, reject) => page.once("pageerror", reject));
  const ready = page
    .goto(url)
    .then(() => page.waitForFunction((name) => name in globalThis, global, { timeout: 120_000 }));
  await Promise.race([ready, failed]);
}

/** @param {string} outdir */
async function bundle(outdir) {
  const options = /** @type {const} */ ({
    outdir,
    bundle: true,
    format: "esm",
    splitting: true,
    platform: "browser",
    target: "es2022",
    logLevel: "error",
  });
  const paths = (/** @type {URL[]} */ urls) => urls.map((url) => fileURLToPath(url));
  // TensorFlow.js starts threads from the text of its own functions, which minifying breaks.
  await build({ ...options, entryPoints: paths(lasting) });
  await build({ ...options, entryPoints: paths(short), minify: true });
  return outdir;
}

const types = /** @type {Record<string, string>} */ ({
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
});

/**
 * @param {string} bundles @param {Readonly<Record<string, Uint8Array>>} pipeline
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
async function serve(bundles, pipeline) {
  const { resolve } = createRequire(import.meta.url);
  const folders = /** @type {Record<string, string>} */ ({
    "/onnxruntime-web/": dirname(resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")),
    "/tfjs/": dirname(resolve("@tensorflow/tfjs-backend-wasm")),
    "/bundles/": bundles,
  });
  const isolated = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  };
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://page").pathname);
    const type = types[extname(path)];
    if (!extname(path)) {
      response.writeHead(200, { ...isolated, "content-type": "text/html" });
      response.end(
        `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/bundles${path}.js"></script>`,
      );
      return;
    }
    const headers = {
      ...isolated,
      "content-type": type ?? "application/octet-stream",
      "cache-control": "max-age=3600, immutable",
    };
    if (path.startsWith("/pipeline/")) {
      const bytes = pipeline[path.slice("/pipeline/".length)];
      response.writeHead(bytes ? 200 : 404, headers).end(bytes);
      return;
    }
    const under = Object.keys(folders).find((each) => path.startsWith(each));
    if (!under) {
      response.writeHead(404).end();
      return;
    }
    const file = createReadStream(join(folders[under], path.slice(under.length)));
    file.on("open", () => file.pipe(response.writeHead(200, headers)));
    file.on("error", () => response.writeHead(404).end());
  });
  await new Promise((/** @type {(_?: unknown) => void} */ done) => {
    server.listen(0, "127.0.0.1", () => done());
  });
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
