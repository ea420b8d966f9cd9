// Pages in a headless Chromium. They are bundled for production, and isolated so that threads may
// share memory.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { chromiumFlags } from "../browser/chromium-flags.mjs";
import { findBrowser } from "../scripts/browser.mjs";
import { listen } from "./listen.mjs";

/**
 * Runs `work` with pages. `open(name)` loads page/NAME.mjs and returns `request(method, ...args)`,
 * which calls the page, `memoryOf(work)` and `close()`. `first(name)` loads the page and returns its global `first`.
 * `pipeline` contains the files under /pipeline/ by path, `flags` more flags of the browser. Without
 * a browser, returns a row with the reason.
 */
export async function withPages({ title, target, pipeline = {}, flags = [] }, work) {
  const found = await findBrowser({ mayInstall: false });
  if ("missing" in found) {
    const peer = `no Chromium: ${found.missing}; set GEN_BROWSER to the path of one`;
    return [{ work: title, ours: "not measured", peer, target }];
  }
  const server = await serve({ ...(await bundle()), ...pipeline });
  // A profile on disk. The browser caches compiled code, as it does for users.
  const browser = await chromium.launchPersistentContext("", {
    executablePath: found.path,
    args: [...chromiumFlags, ...flags],
  });
  const load = async (name, global) => {
    const page = await browser.newPage();
    const failed = new Promise((_, reject) => page.once("pageerror", reject));
    await page.goto(`${server.url}${name}`);
    const ready = page.waitForFunction((key) => key in globalThis, global, { timeout: 120_000 });
    await Promise.race([ready, failed]);
    return page;
  };
  const call = ([method, args]) => globalThis.bench[method](...args);
  try {
    return await work({
      version: `Chromium ${browser.browser()?.version() ?? ""}`.trim(),
      async open(name) {
        const page = await load(name, "bench");
        return {
          request: (method, ...args) => page.evaluate(call, [method, args]),
          memoryOf: (work) => memoryOf(page, work),
          close: () => page.close(),
        };
      },
      async first(name) {
        const page = await load(name, "first");
        const first = await page.evaluate(() => globalThis.first);
        await page.close();
        return first;
      },
    });
  } finally {
    await browser.close();
    server.close();
  }
}

/**
 * The most bytes of JavaScript's heap and array buffers during `work`, and the bytes afterwards. Shared
 * array buffers, such as the memory of wasm threads, do not count.
 */
async function memoryOf(page, work) {
  const client = await page.context().newCDPSession(page);
  const bytes = async () => {
    const { usedSize, backingStorageSize } = await client.send("Runtime.getHeapUsage");
    return usedSize + backingStorageSize;
  };
  let peak = await bytes();
  let isRunning = true;
  const running = work().finally(() => {
    isRunning = false;
  });
  while (isRunning) {
    peak = Math.max(peak, await bytes());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const result = await running;
  await client.send("HeapProfiler.collectGarbage");
  return { result, peak, after: await bytes() };
}

/** Bundles the pages' scripts, by path. */
async function bundle() {
  const options = {
    outdir: join(tmpdir(), "gen-bench"),
    ...{ bundle: true, format: "esm", splitting: true, platform: "browser", target: "es2022" },
    ...{ logLevel: "error", write: false },
  };
  const files = {};
  const add = async (names, more) => {
    const entryPoints = names.map((name) =>
      fileURLToPath(new URL(`page/${name}.mjs`, import.meta.url)),
    );
    const { outputFiles } = await build({ ...options, ...more, entryPoints });
    for (const { path, contents } of outputFiles) {
      files[path.slice(options.outdir.length + 1)] = contents;
    }
  };
  // TensorFlow.js starts threads from the source text of its functions, which minifying breaks.
  await add(["ours", "tfjs", "tfjs-by-hand", "vae-ours", "vae-tfjs", "gpu"]);
  await add(["memory"], { minify: true });
  await add(["first-ours", "first-by-hand"], { minify: true });
  return files;
}

async function serve(files) {
  const { resolve } = createRequire(import.meta.url);
  const folders = {
    "onnxruntime-web": dirname(resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")),
    tfjs: dirname(resolve("@tensorflow/tfjs-backend-wasm")),
  };
  const types = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
  };
  const isolated = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  };
  const started = new Date().toUTCString();
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://page").pathname).slice(1);
    if (!extname(path)) {
      response.writeHead(200, { ...isolated, "content-type": "text/html" });
      response.end(
        `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/${path}.js"></script>`,
      );
      return;
    }
    const [folder, ...rest] = path.split("/");
    const onDisk = folders[folder] && join(folders[folder], ...rest);
    const body = files[path] ?? (onDisk && (await readFile(onDisk).catch(() => undefined)));
    response.writeHead(body ? 200 : 404, {
      ...isolated,
      "content-type": types[extname(path)] ?? "application/octet-stream",
      "cache-control": "max-age=3600, immutable",
      "last-modified": started,
      ...(body && { "content-length": body.length }),
    });
    response.end(body);
  });
  return listen(server);
}
