import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type Server, serve } from "../../../tooling/browser/serve.ts";
import { axeFolder, axeProblems } from "../../demo/test/axe.ts";
import { loadIndex, type SearchIndex, search } from "../.vitepress/search/search-index.ts";
import { usesSite } from "./built-site.ts";
import { chineseQueries, englishQueries } from "./search-queries.ts";
import { strictPolicy } from "./strict-policy.ts";

const site = usesSite();

describe("search in the site", () => {
  describe("the search index", () => {
    let file = "";
    let json = "";
    let index: SearchIndex;

    beforeAll(async () => {
      const chunks = join(site().out, "assets", "chunks");
      const [name = "", ...others] = readdirSync(chunks).filter((f) => /search-index/.test(f));
      expect(others).toEqual([]);
      file = join(chunks, name);
      json = (await import(pathToFileURL(file).href)).default;
      index = await loadIndex(json);
    });

    it.each([
      ["en", englishQueries],
      ["zh", chineseQueries],
    ] as const)(
      "finds the page that a reader wants among the first three: %s",
      (language, queries) => {
        expect(queries.length).toBeGreaterThanOrEqual(25);
        const firstThree = (text: string) =>
          search(index, text, language)
            .slice(0, 3)
            .map(({ page }) => page);
        const missed = queries
          .filter(([text, page]) => !firstThree(text).includes(page))
          .map(([text, page]) => ({ text, page, found: firstThree(text) }));
        expect(missed).toEqual([]);
      },
    );

    it("has sections that exist", () => {
      const ids: string[] = Object.values(JSON.parse(json).documentIds);
      expect(ids.length).toBeGreaterThan(500);
      const missing = ids.filter((id) => {
        const [page, anchor] = id.split("#");
        const html = site().pages.get(`${page}.html`);
        return html === undefined || (anchor !== undefined && !html.includes(` id="${anchor}"`));
      });
      expect(missing).toEqual([]);
    });

    it("names the reader's language first, and has the other one", () => {
      for (const own of ["en", "zh"] as const) {
        const languages = search(index, "DDIM", own).map(({ language }) => language);
        const other = own === "en" ? "zh" : "en";
        expect(languages.indexOf(other)).toBeGreaterThan(0);
        expect(languages.lastIndexOf(own)).toBeLessThan(languages.indexOf(other));
      }
    });

    it("has only sections with all words, if there are any", () => {
      const found = search(index, "posterior variance", "en");
      expect(found.length).toBeGreaterThan(3);
      for (const { words } of found.filter(({ language }) => language === "en")) {
        expect(words.some((word) => word.startsWith("posterior"))).toBe(true);
        expect(words.some((word) => word.startsWith("varianc"))).toBe(true);
      }
    });

    it("has nothing for words that are nowhere", () => {
      expect(search(index, "xqzzyvw", "en")).toEqual([]);
      expect(search(index, "鳜鱼", "zh")).toEqual([]);
      expect(search(index, "  ", "en")).toEqual([]);
    });

    it("is light enough to load for one search", () => {
      expect(gzipSync(readFileSync(file)).length).toBeLessThan(600_000);
    });
  });

  describeEngines("the search box", enginesOf(), (engine) => {
    let server: Server;
    let browser: Browser;
    let page: BrowserPage;

    beforeAll(async () => {
      const headers = (path: string): Record<string, string> => ({
        "content-security-policy": strictPolicy(site().out, path),
      });
      server = await serve({ "/axe/": axeFolder, "/": site().out }, { headers });
      browser = await launch(engine);
      page = await browser.newPage();
      await page.resize(1280, 900);
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    const first = (query: string) =>
      page.waitFor((expected) => {
        const input = document.querySelector<HTMLInputElement>("#localsearch-input");
        const result = document.querySelector(".result[aria-selected=true]");
        const status = document.querySelector(".VPLocalSearchBox .status")?.textContent;
        // The status is empty until the results are those of the query.
        if (input?.value !== expected || !/\d/.test(status ?? "")) return;
        return {
          href: result?.getAttribute("href"),
          excerpt: result?.querySelector(".excerpt")?.textContent?.trim() ?? "",
          marks: result?.querySelectorAll("mark").length ?? 0,
          groups: Array.from(document.querySelectorAll(".language"), (e) => e.textContent),
        };
      }, query);

    it.each([
      { path: "", query: "KL divergence", alias: "relative entropies", lesson: "lessons/surprise" },
      {
        path: "zh/",
        query: "待定系数",
        alias: "undetermined coefficients",
        lesson: "lessons/ddim",
      },
    ])("opens a section by the keyboard: /$path", async ({ path, query, alias, lesson }) => {
      await page.goto(`${server.url}${path}`);
      await page.waitFor(() => "__vue_app__" in (document.querySelector("#app") ?? {}));
      const loaded = () =>
        performance.getEntriesByType("resource").filter(({ name }) => /search-index/.test(name));
      expect(await page.evaluate(loaded)).toEqual([]);
      await page.press("/");
      await page.waitFor(() => document.activeElement?.id === "localsearch-input");

      await page.fill("#localsearch-input", query);
      const found = await first(query);
      expect(found.excerpt.length).toBeGreaterThan(20);
      const own = path === "" ? "English" : "中文";
      expect(found.groups).toEqual([own, own === "English" ? "中文" : "English"]);
      expect(await axeProblems(page)).toEqual([]);

      // Another name in another language finds the same.
      await page.fill("#localsearch-input", alias);
      await first(alias);
      const hrefs = await page.evaluate(() =>
        Array.from(document.querySelectorAll(".result"), (e) => e.getAttribute("href") ?? ""),
      );
      expect(hrefs.slice(0, 3).join(" ")).toContain(`/${path}${lesson}.html`);

      await page.press("ArrowDown");
      await page.waitFor((href) => {
        const now = document.querySelector(".result[aria-selected=true]")?.getAttribute("href");
        return now === href;
      }, hrefs[1]);
      await page.press("Enter");
      await page.waitFor(
        (href) => location.pathname + location.hash === href && document.querySelector("main h1"),
        hrefs[1],
      );
      expect(await page.evaluate(() => document.querySelector(".VPLocalSearchBox"))).toBeNull();
    });

    it("says so when nothing is found, and closes with Escape", async () => {
      for (const [path, says] of [
        ["lessons/ddim.html", "No results for “xqzzyvw”"],
        ["zh/lessons/ddim.html", "没有找到“xqzzyvw”"],
      ]) {
        await page.goto(`${server.url}${path}`);
        await page.waitFor(() => {
          document.querySelector<HTMLButtonElement>(".VPNavBarSearch button")?.click();
          return document.querySelector("#localsearch-input");
        });
        await page.fill("#localsearch-input", "xqzzyvw");
        await page.waitFor(
          (text) => document.querySelector(".VPLocalSearchBox .status")?.textContent === text,
          says,
        );
        await page.press("Escape");
        await page.waitFor(() => !document.querySelector(".VPLocalSearchBox"));
      }
    });
  });
});
