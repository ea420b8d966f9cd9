import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { build } from "vite";
import { serve } from "./serve.ts";

/** The path of the Chromium to test in; empty where there is none. */
export const browserPath = process.env.GEN_BROWSER ?? "";

/** What a test can have a page or a worker do. */
export type Scenarios = Record<string, (...args: never[]) => Promise<unknown>>;

/** What a page leaves for the tests to call; `inWorker` where it has a worker that runs the same. */
export type PageGlobals = {
  scenarios: Record<string, (...args: unknown[]) => Promise<unknown>>;
  inWorker?: (name: string, args: unknown[]) => Promise<unknown>;
};

/** A page of the built bundle. */
export interface TestPage<S extends Scenarios> {
  /** Runs a scenario in the page, or in a worker of it. */
  run<N extends keyof S>(
    name: N,
    args: Parameters<S[N]>,
    where?: "page" | "worker",
  ): Promise<Awaited<ReturnType<S[N]>>>;
  close(): Promise<void>;
}

/** A headless Chromium and the pages to open in it: built for production, as people ship them. */
export interface TestBrowser<S extends Scenarios> {
  open(options?: { isolated?: boolean }): Promise<TestPage<S>>;
  close(): Promise<void>;
}

/** Builds `main.ts` of the folder `page`; `folders` are served to it under their paths, beside the runtimes' files. */
export async function openBrowser<S extends Scenarios>(
  page: URL,
  folders: Readonly<Record<string, string>> = {},
): Promise<TestBrowser<S>> {
  const built = await mkdtemp(join(tmpdir(), "gen-page-"));
  await buildPage(fileURLToPath(page), built);
  const { resolve } = createRequire(import.meta.url);
  const served = {
    "/onnxruntime-web/": dirname(resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")),
    "/tfjs-backend-wasm/": dirname(resolve("@tensorflow/tfjs-backend-wasm")),
    ...folders,
    "/": built,
  };
  const servers = {
    isolated: await serve(served, { isolated: true }),
    plain: await serve(served, { isolated: false }),
  };
  const browser = await chromium.launch({ executablePath: browserPath, args: flags });
  return {
    async open({ isolated = true } = {}) {
      const page = await browser.newPage();
      await page.goto(servers[isolated ? "isolated" : "plain"].url);
      await page.waitForFunction(() => "scenarios" in globalThis);
      return {
        run: (name, args, where = "page") => run(page, String(name), args, where),
        close: () => page.close(),
      };
    },
    async close() {
      await browser.close();
      await Promise.all([servers.isolated.close(), servers.plain.close()]);
      await rm(built, { recursive: true, force: true });
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
      return where === "worker" ? inWorker?.(name, args) : scenarios[name](...args);
    },
    [name, args, where] as const,
  ) as Promise<never>;

async function buildPage(root: string, outDir: string): Promise<void> {
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
