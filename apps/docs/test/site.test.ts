import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type Server, serve } from "../../../tooling/browser/serve.ts";
import type { LessonFigure } from "../figures/lesson-figure.ts";
import { entryPoints } from "../typedoc/packages.mjs";
import { docs, usesSite } from "./built-site.ts";
import { pageWeight } from "./page-weight.ts";

const site = usesSite();

/** Also lays out what is far below, and shows what is wider than its place. */
function layOutAll(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".vp-doc * { content-visibility: visible !important; }");
  document.adoptedStyleSheets = [sheet];
}

describe("the site", () => {
  it("has a reference page for each entry point", () => {
    for (const { name } of entryPoints()) {
      const path = `reference/${name.replace("@gen/", "")}`;
      expect(
        [`${path}.html`, `${path}/index.html`].some((file) => site().pages.has(file)),
        name,
      ).toBe(true);
    }
  });

  it("has each page in both languages", () => {
    const english = [...site().pages.keys()].filter((f) => !/^zh\/|^404/.test(f));
    expect(english.length).toBeGreaterThanOrEqual(4);
    const sections = (html = "") => Array.from(html.matchAll(/<h2 id="([^"]*)"/g), ([, id]) => id);
    for (const file of english) {
      const chinese = site().pages.get(`zh/${file}`);
      expect(chinese, file).toMatch(/<html lang="zh-CN"/);
      // The language switch keeps the section of the page.
      expect(sections(chinese), file).toEqual(sections(site().pages.get(file)));
    }
  });

  it("renders its formulas", () => {
    for (const prefix of ["", "zh/"]) {
      const page = site().pages.get(`${prefix}guide/ddpm-to-ddim.html`) ?? "";
      expect(page.match(/class="katex-display"/g)?.length).toBeGreaterThan(8);
    }
    const wrong = [...site().pages].filter(([, html]) => html.includes("katex-error"));
    expect(wrong.map(([file]) => file)).toEqual([]);
  });

  it("has each section that a link names", () => {
    const ids = new Map(
      [...site().pages].map(([file, html]) => [
        file,
        new Set(Array.from(html.matchAll(/ id="([^"]*)"/g), ([, id]) => id)),
      ]),
    );
    const missing = [...site().pages].flatMap(([file, html]) =>
      Array.from(html.matchAll(/<a [^>]*href="([^"]*)"/g), ([, href]) => href)
        .filter((href) => href.includes("#") && !/^([a-z]+:|\/demo\/)/.test(href))
        .filter((href) => {
          const [path, anchor] = href.split("#");
          const anchors = ids.get(path === "" ? file : targetFile(file, path));
          return !anchors?.has(decodeURIComponent(anchor));
        })
        .map((href) => `${file}: ${href}`),
    );
    expect(missing).toEqual([]);
  });

  describeEngines("in a browser", enginesOf(), (engine) => {
    let server: Server;
    let browser: Browser;
    let page: BrowserPage;

    beforeAll(async () => {
      // The policy blocks and reports requests to other servers.
      const policy = "default-src 'self' 'unsafe-inline' data: blob:";
      server = await serve({ "/": site().out }, { headers: { "content-security-policy": policy } });
      browser = await launch(engine);
      page = await browser.newPage();
      await page.resize(390, 844);
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });
    // When the browser leaves a page, the page's prefetches fail, also inside the service worker.
    const leaving = /^uncaught: Failed to load .* A ServiceWorker intercepted the request/;
    let known = 0;
    /** Those of a test: a problem fails the test in which it came, and not those after it. */
    const newProblems = async () => {
      const all = await page.problems();
      const found = all.slice(known);
      known = all.length;
      return found.filter(
        (text) => !text.startsWith(`failed: ${server.url}`) && !leaving.test(text),
      );
    };
    afterEach(async () => expect(await newProblems()).toEqual([]));
    /** Waits until Vue has taken over the page. Its import fails when the browser leaves before. */
    const started = () =>
      page.waitFor(() => "__vue_app__" in (document.querySelector("#app") ?? {}));

    it("fits a phone, is light, and requests nothing from other servers", async () => {
      const weigh = pageWeight(site().out);
      const heavy: string[] = [];
      const own = [...site().pages.keys()].filter(
        (file) => !/reference\/(?!ddim\.)|^404/.test(file),
      );
      // `npm test` opens a third of the pages, of each kind and language.
      const every = process.env.GEN_TEST_ALL === "1" ? 1 : 3;
      const some = own.filter((_, i) => i % every === 0);
      for (const file of some) {
        await page.goto(`${server.url}${file}`);
        await started();
        await page.evaluate(layOutAll);
        const { files, ...overflow } = await page.evaluate(async () => {
          await document.fonts.ready;
          const { scrollWidth, clientWidth } = document.documentElement;
          const formulas = Array.from(document.querySelectorAll(".katex-display"));
          const names = performance.getEntriesByType("resource").map(({ name }) => name);
          return {
            page: scrollWidth - clientWidth,
            formulas: formulas
              .filter((formula) => formula.scrollWidth > formula.clientWidth + 1)
              .map((formula) => formula.querySelector("annotation")?.textContent),
            outside: names.filter(
              (name) => !name.startsWith(location.origin) && !/^(data|blob):/.test(name),
            ),
            files: names.map((name) => new URL(name).pathname),
          };
        });
        expect(overflow, file).toEqual({ page: 0, formulas: [], outside: [] });
        // Before anything is run, with fonts and with what the page fetches ahead.
        expect(files.length, file).toBeGreaterThan(4);
        expect(files.filter((path) => /\.wasm$|\bort\b/.test(path))).toEqual([]);
        const bytes = weigh(new Set([`/${file}`, ...files.filter((f) => f !== "/problems.js")]));
        if (bytes > 300_000 && !/^(zh\/)?reference\//.test(file)) heavy.push(`${file}: ${bytes}`);
      }
      expect(heavy).toEqual([]);
    });

    it("has a reference whose pages take at most 12 screens and fit a phone", async () => {
      const files = [...site().pages.keys()].filter((file) => file.startsWith("reference/"));
      /** The pages' heights and overflows. Each page's text is put into the frame of one page. */
      const measure = async (width: number, height: number, files: string[]) => {
        await page.resize(width, height);
        await page.goto(`${server.url}${files[0]}`);
        await started();
        await page.evaluate(layOutAll);
        return page.evaluate(async (files) => {
          const measured = [];
          for (const file of files) {
            const text = await (await fetch(`/${file}`)).text();
            const next = new DOMParser().parseFromString(text, "text/html");
            document.querySelector(".vp-doc")?.replaceChildren(next.querySelector(".vp-doc") ?? "");
            const { scrollHeight, scrollWidth, clientWidth } = document.documentElement;
            measured.push({ file, height: scrollHeight, overflow: scrollWidth - clientWidth });
          }
          return measured;
        }, files);
      };
      const wide = await measure(1440, 900, files);
      expect(wide.length).toBeGreaterThan(10);
      expect(wide.filter(({ height }) => height / 900 > 12)).toEqual([]);
      const some = process.env.GEN_TEST_ALL === "1" ? files : files.filter((_, i) => i % 6 === 0);
      const narrow = await measure(390, 844, some);
      expect(narrow.filter(({ overflow }) => overflow > 0)).toEqual([]);
    });

    it("has a figure in each lesson that follows its control, by the numbers of the functions", async () => {
      const lessons = [...site().pages.keys()].filter((file) => /lessons\/(?!index)/.test(file));
      expect(lessons.length).toBeGreaterThan(0);
      for (const file of lessons) {
        await page.goto(`${server.url}${file}`);
        const { name, min, max, step } = await page.waitFor(() => {
          const figure = document.querySelector<HTMLElement>(".lesson-figure[data-ready=true]");
          const input = figure?.querySelector("input");
          input?.focus();
          return (
            input && {
              name: figure?.dataset.figure,
              min: Number(input.min),
              max: Number(input.max),
              step: Number(input.step),
            }
          );
        });
        for (const key of ["ArrowRight", "ArrowRight", "ArrowRight"]) await page.press(key);
        const module = await import(join(docs, "figures", `${name}.ts`));
        const figure: LessonFigure = module.figure;
        const at = Math.min(Math.max(figure.control.start + 3 * step, min), max);
        const source = readFileSync(join(docs, file.replace(/html$/, "md")), "utf8");
        const [, digits = "3"] = /<LessonFigure[^>]*:digits="(\d+)"/.exec(source) ?? [];
        const caption = (await page.text(".lesson-figure figcaption")).replaceAll("−", "-");
        const [, template = ""] = /<LessonFigure[^>]* shows="([^"]*)"/.exec(source) ?? [];
        const numbers = figure.shown(at);
        const expected = template.replace(/\{(\w+)\}/g, (_, number: string) =>
          Number.isInteger(numbers[number])
            ? String(numbers[number])
            : numbers[number].toFixed(Number(digits)),
        );
        expect(caption, file).toBe(expected);
      }
    });

    it("works in a sandbox without storage", async () => {
      const headers = {
        "content-security-policy": "sandbox allow-scripts",
        "access-control-allow-origin": "*",
      };
      const sandbox = await serve({ "/": site().out }, { headers });
      const page = await browser.newPage();
      try {
        await page.goto(`${sandbox.url}zh/`);
        await expect(page.evaluate(() => localStorage.length)).rejects.toThrow();
        expect(await page.text("h1")).not.toBe("");
        // The end of the run: its start may be over before a slow machine looks.
        await page.waitFor(() => document.querySelector("[aria-valuetext='log SNR = 8.0']"));
      } finally {
        await page.close();
        await sandbox.close();
      }
    });
  });

  /** The file of a link's path. */
  function targetFile(from: string, path: string): string {
    const file = path.startsWith("/") ? path.slice(1) : normalize(join(dirname(from), path));
    if (file === "" || file.endsWith("/")) return `${file}index.html`;
    return file.endsWith(".html") ? file : `${file}.html`;
  }
});
