// The built demo or book, served with gzip as hosts do, and pages of it in a headless Chromium.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { chromiumFlags } from "../../browser/chromium-flags.mjs";
import { listen } from "../listen.mjs";

const demo = fileURLToPath(new URL("../../../apps/demo/", import.meta.url));
const book = fileURLToPath(new URL("../../../apps/docs/", import.meta.url));

/** What a slow phone on a slow network has. Rates are in bytes a second, latency in ms. */
const slowNetwork = {
  offline: false,
  latency: 150,
  downloadThroughput: 1.6e6 / 8,
  uploadThroughput: 0.75e6 / 8,
};
const slowdown = 4;

export const withDemo = (executablePath, work) =>
  withSite(executablePath, work, (folder) =>
    build(
      demo,
      "vite/bin/vite.js",
      "build",
      "--outDir",
      folder,
      "--emptyOutDir",
      "--logLevel",
      "error",
    ),
  );

export const withBook = (executablePath, work) =>
  withSite(executablePath, work, (folder) => {
    build(book, "typedoc/bin/typedoc", "--options", "typedoc/typedoc.config.mjs");
    build(book, "vitepress/bin/vitepress.js", "build", "--outDir", folder);
  });

function build(cwd, script, ...args) {
  const path = join(cwd, "node_modules", ...script.split("/"));
  const env = { ...process.env, NODE_ENV: "production" };
  execFileSync(process.execPath, [path, ...args], { cwd, env, stdio: "inherit" });
}

/** Builds and serves a site, calls `work` with `open`, and removes all of it. */
async function withSite(executablePath, work, buildInto) {
  const folder = mkdtempSync(join(tmpdir(), "gen-bench-site-"));
  buildInto(folder);
  const server = await serve(folder);
  const browser = await chromium.launch({
    executablePath,
    // Memory is measured at once, after a collection, and not when the browser next finds time.
    args: [...chromiumFlags, "--enable-blink-features=ForceEagerMeasureMemory"],
  });
  try {
    return await work({
      version: `Chromium ${browser.version()}`,
      /** A page without a cache. `slow` slows its processor, and its network if `network` is. */
      async open(path, { slow = false, network = false, scale = 1, before } = {}) {
        const context = await browser.newContext({
          viewport: { width: 1440, height: 900 },
          deviceScaleFactor: scale,
          locale: "en-GB",
        });
        const page = await context.newPage();
        page.setDefaultTimeout(120_000);
        const client = await context.newCDPSession(page);
        if (slow) await client.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
        if (network) {
          await client.send("Network.enable");
          await client.send("Network.emulateNetworkConditions", slowNetwork);
        }
        if (before) await page.addInitScript(before);
        await page.goto(server.url + path);
        return { page, close: () => context.close() };
      },
    });
  } finally {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const types = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

async function serve(folder) {
  const bodies = new Map();
  const bodyOf = (path) => {
    if (!bodies.has(path)) {
      const file = join(folder, path);
      const found = statSync(file, { throwIfNoEntry: false })?.isFile();
      bodies.set(path, found ? gzipSync(readFileSync(file)) : undefined);
    }
    return bodies.get(path);
  };
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://page").pathname);
    const body = bodyOf(path.endsWith("/") ? `${path}index.html` : path);
    response.writeHead(body ? 200 : 404, {
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "content-type": types[extname(path) || ".html"] ?? "application/octet-stream",
      ...(body && { "content-encoding": "gzip", "content-length": body.length }),
    });
    response.end(body);
  });
  return listen(server);
}
