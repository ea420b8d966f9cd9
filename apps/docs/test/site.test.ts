import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { entryPoints } from "../typedoc/packages.mjs";
import { serve } from "./serve.ts";

const docs = dirname(dirname(fileURLToPath(import.meta.url)));
const out = mkdtempSync(join(tmpdir(), "gen-docs-"));

const browserPath = process.env.GEN_BROWSER;
const browserFlags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Runs a tool of this package to its end, as `npm run build` does. */
function run(script: string, ...args: string[]): Promise<string> {
  const path = join(docs, "node_modules", ...script.split("/"));
  const env = { ...process.env, NODE_ENV: "production" };
  const child = spawn(process.execPath, [path, ...args], { cwd: docs, env });
  let said = "";
  child.stdout.on("data", (text) => {
    said += text;
  });
  child.stderr.on("data", (text) => {
    said += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(said) : reject(new Error(said))));
  });
}

describe("the site", () => {
  let pages = new Map<string, string>();

  beforeAll(async () => {
    await run("typedoc/bin/typedoc", "--options", "typedoc/typedoc.config.mjs");
    // Fails by itself on a page that a link does not find and on a formula that does not parse.
    await run("vitepress/bin/vitepress.js", "build", "--outDir", out);
    const files = readdirSync(out, { recursive: true, encoding: "utf8" });
    const html = files.map((file) => file.replaceAll("\\", "/")).filter((f) => f.endsWith(".html"));
    pages = new Map(html.map((file) => [file, readFileSync(join(out, file), "utf8")]));
  }, 300_000);

  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it("has a reference page for every entry point", () => {
    for (const { name } of entryPoints()) {
      const path = `reference/${name.replace("@gen/", "")}`;
      expect(
        [`${path}.html`, `${path}/index.html`].some((file) => pages.has(file)),
        name,
      ).toBe(true);
    }
  });

  it("has every page in both languages, but for the reference", () => {
    const english = [...pages.keys()].filter((f) => !/^(zh|reference)\/|^404/.test(f));
    expect(english.length).toBeGreaterThanOrEqual(4);
    const sections = (html = "") => Array.from(html.matchAll(/<h2 id="([^"]*)"/g), ([, id]) => id);
    for (const file of english) {
      const chinese = pages.get(`zh/${file}`);
      expect(chinese, file).toMatch(/<html lang="zh-CN"/);
      // The language switch keeps the place within the page.
      expect(sections(chinese), file).toEqual(sections(pages.get(file)));
    }
  });

  it("has its formulas rendered", () => {
    for (const prefix of ["", "zh/"]) {
      const page = pages.get(`${prefix}guide/ddpm-to-ddim.html`) ?? "";
      expect(page.match(/class="katex-display"/g)?.length).toBeGreaterThan(8);
      expect(page).not.toContain("katex-error");
    }
  });

  it("has the place within a page that each of its links names", () => {
    const ids = new Map(
      [...pages].map(([file, html]) => [
        file,
        new Set(Array.from(html.matchAll(/ id="([^"]*)"/g), ([, id]) => id)),
      ]),
    );
    const missing = [...pages].flatMap(([file, html]) =>
      Array.from(html.matchAll(/<a [^>]*href="([^"]*)"/g), ([, href]) => href)
        .filter((href) => href.includes("#") && !/^[a-z]+:/.test(href))
        .filter((href) => {
          const [path, anchor] = href.split("#");
          const there = ids.get(path === "" ? file : target(file, path));
          return !there?.has(decodeURIComponent(anchor));
        })
        .map((href) => `${file}: ${href}`),
    );
    expect(missing).toEqual([]);
  });

  it.skipIf(!browserPath)("fits a phone and works without the network outside", async () => {
    const site = await serve(out);
    const browser = await chromium.launch({ executablePath: browserPath, args: browserFlags });
    try {
      const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
      const wrong: string[] = [];
      page.on("pageerror", (error) => wrong.push(String(error)));
      page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
      page.on("request", (request) => {
        if (!request.url().startsWith(site.url)) wrong.push(`asked for ${request.url()}`);
      });
      for (const file of pages.keys()) {
        if (/^reference\/(?!ddim)|^404/.test(file)) continue;
        await page.goto(`${site.url}/${file}`, { waitUntil: "load" });
        const wide = await page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          const formulas = Array.from(document.querySelectorAll(".katex-display"));
          return {
            page: scrollWidth - clientWidth,
            formulas: formulas
              .filter((formula) => formula.scrollWidth > formula.clientWidth + 1)
              .map((formula) => formula.querySelector("annotation")?.textContent),
          };
        });
        expect(wide, file).toEqual({ page: 0, formulas: [] });
      }
      await page.goto(`${site.url}/zh/`, { waitUntil: "load" });
      const level = page.locator(".noising .level");
      const before = await level.textContent();
      await page.locator(".noising input").fill("999");
      expect(await level.textContent()).not.toBe(before);
      expect(wrong).toEqual([]);
    } finally {
      await browser.close();
      site.close();
    }
  });

  /** The file that a link's path leads to. */
  function target(from: string, path: string): string {
    const file = path.startsWith("/") ? path.slice(1) : normalize(join(dirname(from), path));
    if (file === "" || file.endsWith("/")) return `${file}index.html`;
    return file.endsWith(".html") ? file : `${file}.html`;
  }
});
