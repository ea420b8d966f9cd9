// @ts-check
// What a project computed: the line that it prints, the answer of its server, or its page's text.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { freePort } from "../scripts/free-port.mjs";
import { root } from "../scripts/shell.mjs";
import { end, lastLines, run, start } from "./shell.mjs";

/** @typedef {{ backend: string, byFunction: number[], byBackend: number[], images?: Record<string, string> }} Result */

const limit = 120_000;
/** @param {string} path */
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const expected = read(join(import.meta.dirname, "expected.json"));
const pixels = read(join(root, "packages", "data", "test", "fixtures", "pixels.json"));

/**
 * The results of a project in its built folder. A page is read with the headers for threads and
 * without.
 *
 * @param {import("./projects.mjs").Project} project
 * @param {string} folder
 * @returns {Promise<Result[]>}
 */
export async function resultsOf({ consumer, scripts }, folder) {
  if (consumer.page !== undefined) return await fromPages(join(folder, consumer.page));
  const command = scripts.start ?? "";
  if (consumer.server !== undefined) return [await fromServer(command, consumer.server, folder)];
  const printed = await run(command, folder);
  const line = printed.split("\n").findLast((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`${command} printed no result\n${lastLines(printed)}`);
  return [JSON.parse(line)];
}

/** @param {string} command @param {string} path @param {string} folder @returns {Promise<Result>} */
async function fromServer(command, path, folder) {
  const port = await freePort();
  const server = start(command, folder, { PORT: String(port), HOST: "127.0.0.1" });
  const deadline = Date.now() + limit;
  try {
    while (server.child.exitCode === null && Date.now() < deadline) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
      if (answer?.ok) return /** @type {Result} */ (await answer.json());
      if (answer) throw new Error(`the server answered ${answer.status}\n${await answer.text()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${command}: no server answers at port ${port}`);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw new Error(`${message}\n${lastLines(server.output())}`);
  } finally {
    end(server.child);
  }
}

/** @param {string} folder @returns {Promise<Result[]>} */
async function fromPages(folder) {
  const { launch, serve } = await pageDriver();
  const browser = await launch("chromium");
  const results = [];
  try {
    for (const isolated of [true, false]) {
      const server = await serve({ "/": folder }, { isolated });
      const page = await browser.newPage();
      await page.goto(server.url);
      results.push(await fromPage(page));
      await page.close();
      await server.close();
    }
  } finally {
    await browser.close();
  }
  return results;
}

/** @param {import("../browser/browser-page.ts").BrowserPage} page @returns {Promise<Result>} */
async function fromPage(page) {
  for (const deadline = Date.now() + limit; Date.now() < deadline; ) {
    const text = await page.text("output");
    const problems = await page.problems();
    if (problems.length > 0) throw new Error(`the page has problems\n${problems.join("\n")}`);
    if (text) return JSON.parse(text);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the page shows no result within ${limit / 1000} s`);
}

/** The page driver, which is TypeScript, as a module for this Node. */
async function pageDriver() {
  const folder = join(root, "tooling", "browser");
  const outfile = join(folder, "node_modules", ".cache", "page-driver.mjs");
  const contents = 'export { launch } from "./launch.ts"; export { serve } from "./serve.ts";';
  await build({
    stdin: { contents, resolveDir: folder },
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  return await import(pathToFileURL(outfile).href);
}

/**
 * Compares a result with expected.json, which NumPy computed: a function runs in float64, a backend
 * in float32.
 *
 * @param {Result} result
 * @param {Pick<import("./projects.mjs").Consumer, "backend" | "images">} consumer
 */
export function check(result, { backend, images = false }) {
  if (result.backend !== backend) throw new Error(`ran on ${result.backend}, not on ${backend}`);
  for (const [name, tolerance] of /** @type {const} */ ([
    ["byFunction", 1e-10],
    ["byBackend", 1e-5],
  ])) {
    /** @type {number[]} */
    const wanted = expected[name];
    const got = result[name] ?? [];
    if (got.length !== wanted.length) {
      throw new Error(`${name} must be ${wanted.length} numbers, got ${got.length}`);
    }
    const bound = tolerance * Math.max(...wanted.map(Math.abs));
    const far = wanted.findIndex((value, i) => !(Math.abs(value - got[i]) <= bound));
    if (far >= 0) throw new Error(`${name}[${far}] must be ${wanted[far]}, got ${got[far]}`);
  }
  if (!images) return;
  for (const [name, hash] of [
    ["digits", pixels.digits],
    ["fashionMnist", pixels.fashionMnist.test],
  ]) {
    const got = result.images?.[name];
    if (got !== hash) throw new Error(`the pixels of ${name} must have ${hash}, got ${got}`);
  }
}
