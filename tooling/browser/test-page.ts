import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { Engine } from "./engines.ts";
import { type EngineFeatures, engineFeatures } from "./features.ts";
import { type Browser, launch } from "./launch.ts";
import { serve } from "./serve.ts";

/** The functions that a test calls in a page or a worker. */
export type Scenarios = Record<string, (...args: never[]) => Promise<unknown>>;

/** The globals that a page sets for the tests. `inWorker` runs a scenario in the page's worker. */
export type PageGlobals = {
  scenarios: Record<string, (...args: unknown[]) => Promise<unknown>>;
  inWorker?: (name: string, args: unknown[]) => Promise<unknown>;
};

/** A page with the built bundle. */
export interface TestPage<S extends Scenarios> {
  /** The engine's features in this page. */
  readonly features: EngineFeatures;
  /** Runs a scenario in the page or in its worker. */
  run<N extends keyof S>(
    name: N,
    args: Parameters<S[N]>,
    where?: "page" | "worker",
  ): Promise<Awaited<ReturnType<S[N]>>>;
  /** Errors and warnings of the page and its workers. */
  problems(): Promise<string[]>;
  close(): Promise<void>;
}

/** Options for serving a page. */
export interface SiteOptions {
  /** Whether the page may share memory between threads. */
  readonly isolated: boolean;
  /** Whether the page is in a sandbox, without storage and workers. @defaultValue `false` */
  readonly sandboxed?: boolean;
}

const sandbox = {
  "content-security-policy": "sandbox allow-scripts",
  "access-control-allow-origin": "*",
};

/** Opens pages of one production bundle in any engine. */
export interface TestSite<S extends Scenarios> {
  open(engine: Engine, options: SiteOptions): Promise<TestPage<S>>;
  close(): Promise<void>;
}

/**
 * Builds `main.ts` of the folder `page`. The site also serves the runtimes' files and `folders`,
 * each under its path.
 */
export async function buildTestSite<S extends Scenarios>(
  page: URL,
  folders: Readonly<Record<string, string>> = {},
): Promise<TestSite<S>> {
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
    sandboxed: await serve(served, { isolated: false, headers: sandbox }),
  };
  const browsers = new Map<Engine, Promise<Browser>>();
  return {
    async open(engine, { isolated, sandboxed = false }) {
      const running = browsers.get(engine) ?? launch(engine);
      browsers.set(engine, running);
      const page = await (await running).newPage();
      const kind = sandboxed ? "sandboxed" : isolated ? "isolated" : "plain";
      await page.goto(servers[kind].url);
      await page.waitFor(() => "scenarios" in globalThis);
      const features = await page.evaluate(engineFeatures);
      return {
        features,
        run: (name, args, where = "page") =>
          page.evaluate(runScenario, String(name), args, where) as never,
        problems: () => page.problems(),
        close: () => page.close(),
      };
    },
    async close() {
      for (const running of browsers.values()) await (await running).close();
      await Promise.all(Object.values(servers).map((server) => server.close()));
      await rm(built, { recursive: true, force: true });
    },
  };
}

/** Runs in the page. */
function runScenario(name: string, args: unknown[], where: string): unknown {
  const { scenarios, inWorker } = globalThis as unknown as PageGlobals;
  return where === "worker" ? inWorker?.(name, args) : scenarios[name](...args);
}

const html = `<!doctype html>
<html lang="en">
<head><title>test</title><link rel="icon" href="data:,"></head>
<script type="module" src="/main.js"></script>
</html>
`;

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
  await writeFile(join(outDir, "index.html"), html);
}
