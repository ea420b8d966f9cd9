import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { build } from "vite";
import type { PageGlobals } from "./page/main.ts";
import type { scenarios } from "./page/scenarios.ts";
import { serve } from "./serve.ts";

/** The path of the Chromium to test in; empty where there is none. */
export const browserPath = process.env.GEN_BROWSER ?? "";

type Scenarios = typeof scenarios;

/** A page of the built bundle. */
export interface TestPage {
  /** Runs a scenario in the page, or in a worker of it. */
  run<N extends keyof Scenarios>(
    name: N,
    args: Parameters<Scenarios[N]>,
    where?: "page" | "worker",
  ): Promise<Awaited<ReturnType<Scenarios[N]>>>;
  close(): Promise<void>;
}

/** A headless Chromium and the pages to open in it: built for production, as people ship them. */
export interface TestBrowser {
  open(options?: { isolated?: boolean }): Promise<TestPage>;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<TestBrowser> {
  const folder = await mkdtemp(join(tmpdir(), "runtime-gpu-page-"));
  await buildPage(folder);
  const { resolve } = createRequire(import.meta.url);
  const folders = {
    "/onnxruntime-web/": dirname(resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")),
    "/tfjs-backend-wasm/": dirname(resolve("@tensorflow/tfjs-backend-wasm")),
    "/": folder,
  };
  const servers = {
    isolated: await serve(folders, { isolated: true }),
    plain: await serve(folders, { isolated: false }),
  };
  const browser = await chromium.launch({ executablePath: browserPath, args: flags });
  return {
    async open({ isolated = true } = {}) {
      const page = await browser.newPage();
      await page.goto(servers[isolated ? "isolated" : "plain"].url);
      await page.waitForFunction(() => "scenarios" in globalThis);
      return {
        run: (name, args, where = "page") => run(page, name, args, where),
        close: () => page.close(),
      };
    },
    async close() {
      await browser.close();
      await Promise.all([servers.isolated.close(), servers.plain.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const flags = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const run = (page: Page, name: string, args: unknown[], where: string): Promise<never> =>
  page.evaluate(
    ([name, args, where]) => {
      const { scenarios, inWorker } = globalThis as unknown as PageGlobals;
      return where === "worker" ? inWorker(name, args) : scenarios[name](...args);
    },
    [name, args, where] as const,
  ) as Promise<never>;

async function buildPage(outDir: string): Promise<void> {
  const root = fileURLToPath(new URL("./page/", import.meta.url));
  await build({
    root,
    configFile: false,
    logLevel: "error",
    base: "/",
    resolve: { conditions: ["@gen/source", "module", "browser", "production"] },
    worker: { format: "es" },
    build: {
      outDir,
      emptyOutDir: true,
      target: "esnext",
      reportCompressedSize: false,
      rolldownOptions: {
        input: join(root, "main.ts"),
        output: { entryFileNames: "main.js" },
      },
    },
  });
}
