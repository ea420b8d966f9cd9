import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { engineFeatures } from "../../../tooling/browser/features.ts";
import { launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type Server, serve } from "../../../tooling/browser/serve.ts";

/** The table of the page "Browsers". GEN_WRITE_ENGINES=1 writes it. */
type Table = Record<string, { version: string; features: Record<string, boolean> }>;

const file = fileURLToPath(new URL("../.vitepress/engines.generated.json", import.meta.url));
const read = (): Table => JSON.parse(readFileSync(file, "utf8"));

let folder = "";
let server: Server;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gen-engines-"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><html lang=en><head></head></html>");
  // A worker whose first file is imported by its second file.
  writeFileSync(
    join(folder, "first.js"),
    `self.runs = (self.runs ?? 0) + 1;
    if (self.runs === 1) import("./other.js").then(() => postMessage(self.runs));`,
  );
  writeFileSync(join(folder, "other.js"), 'import "./first.js";');
  server = await serve({ "/": folder }, { isolated: true });
});
afterAll(async () => {
  await server?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Features without those of graphics, which depend on the machine as much as on the engine. */
const withoutGraphics = (features: Record<string, boolean>) =>
  Object.fromEntries(Object.entries(features).filter(([name]) => !/web(gpu|gl)/i.test(name)));

/** Whether a worker's first file runs once, even if another file of the worker imports it. */
const workerFilesRunOnce = (page: BrowserPage): Promise<boolean> =>
  page.evaluate(
    () =>
      new Promise<boolean>((resolve) => {
        const worker = new Worker("/first.js", { type: "module" });
        worker.onmessage = ({ data: runs }) => resolve(runs === 1);
      }),
  );

describeEngines(
  "the docs' table of engine features",
  enginesOf({ everyEngine: true }),
  (engine) => {
    test("lists this engine's features; a newer version may have more", async () => {
      const browser = await launch(engine);
      try {
        const page = await browser.newPage();
        await page.goto(server.url);
        const features = {
          ...(await page.evaluate(engineFeatures)),
          workerFilesRunOnce: await workerFilesRunOnce(page),
        };
        if (process.env.GEN_WRITE_ENGINES === "1") {
          const table = { ...read(), [engine]: { version: browser.version, features } };
          writeFileSync(file, `${JSON.stringify(table, undefined, 2)}\n`);
        }
        const { version, features: written } = read()[engine];
        const major = (version: string) => Number.parseInt(version, 10);
        expect(Object.keys(features)).toEqual(Object.keys(written));
        if (browser.version === version)
          expect(withoutGraphics(features)).toEqual(withoutGraphics(written));
        else if (major(browser.version) >= major(version)) {
          const present = Object.entries(withoutGraphics(written)).filter(([, has]) => has);
          expect(features).toMatchObject(Object.fromEntries(present));
        }
      } finally {
        await browser.close();
      }
    });
  },
);

test("the page has a row for each feature, in both languages", () => {
  const names = Object.keys(read().chromium.features).sort();
  for (const page of ["guide", "zh/guide"]) {
    const text = readFileSync(new URL(`../${page}/browsers.md`, import.meta.url), "utf8");
    const rows = Array.from(text.matchAll(/<EngineSupport feature="(\w+)" engine="chromium"/g));
    expect(rows.map(([, name]) => name).sort(), page).toEqual(names);
  }
});
