import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type Server, serve } from "../../../tooling/browser/serve.ts";
import { axeFolder, axeProblems } from "../../demo/test/axe.ts";
import { fencesOf } from "../scripts/fences.mjs";
import { docs, usesSite } from "./built-site.ts";

const site = usesSite();

const meta = (html: string, name: string) =>
  new RegExp(`<meta (?:name|property)="${name}" content="([^"]*)"`).exec(html)?.[1];

/** What stands around and beside the pages. */
describe("the site's shell", () => {
  const own = () => [...site().pages].filter(([file]) => !file.includes("404"));

  it("has a description and a picture for shared links of each page, which no other page has", () => {
    const known = { description: new Map<string, string>(), "og:image": new Map<string, string>() };
    for (const [file, html] of own()) {
      for (const [name, values] of Object.entries(known)) {
        const value = meta(html, name) ?? "";
        expect(value, `${name} of ${file}`).not.toBe("");
        // The reference has English descriptions in both languages.
        const key = `${file.startsWith("zh/")} ${value}`;
        expect(values.get(key), `${name} of ${file}`).toBeUndefined();
        values.set(key, file);
      }
      const picture = readFileSync(join(site().out, meta(html, "og:image") ?? ""));
      expect(picture.subarray(1, 4).toString()).toBe("PNG");
      expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([800, 420]);
      expect(meta(html, "twitter:card")).toBe("summary_large_image");
    }
    const pictureOf = (file: string) =>
      readFileSync(join(site().out, meta(site().pages.get(file) ?? "", "og:image") ?? ""));
    expect(pictureOf("lessons/ddim.html").equals(pictureOf("lessons/noise.html"))).toBe(false);
    expect(pictureOf("lessons/ddim.html").equals(pictureOf("zh/lessons/ddim.html"))).toBe(false);
  });

  it("lists each page of the book and the guide in llms.txt, and has their text in llms-full.txt", () => {
    const list = readFileSync(join(site().out, "llms.txt"), "utf8");
    const full = readFileSync(join(site().out, "llms-full.txt"), "utf8");
    for (const [file] of own()) {
      if (!/^(zh\/)?(lessons|guide)\//.test(file)) continue;
      const address = `/${file.replace(/(^|\/)index\.html$/, "$1")}`;
      expect(list).toContain(`](${address})`);
      if (file.startsWith("zh/")) continue;
      expect(full).toContain(`<!-- ${address} -->`);
      const source = readFileSync(join(docs, file.replace(/html$/, "md")), "utf8");
      for (const { code } of fencesOf(source)) expect(full, file).toContain(code);
    }
    expect(full).not.toContain("<LessonFigure");
  });

  describeEngines("around the pages", enginesOf(), (engine) => {
    let server: Server;
    let browser: Browser;
    let page: BrowserPage;

    beforeAll(async () => {
      server = await serve({ "/axe/": axeFolder, "/": site().out });
      browser = await launch(engine);
      page = await browser.newPage();
      await page.resize(1440, 900);
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    it("moves on the home page: random points become the word that is typed", async () => {
      await page.goto(server.url);
      // The run may be over before a slow machine looks, so only its end is waited for here.
      await page.waitFor(
        () =>
          document.querySelector<HTMLElement>(".stage-box")?.dataset.motion === "rest" &&
          document.querySelector("[aria-valuetext='log SNR = 8.0']"),
      );
      const link = () => document.querySelector<HTMLAnchorElement>(".links a")?.href;
      const before = await page.evaluate(link);
      expect(before).toMatch(/\/demo\/\?lang=en#\/postcard\/1[\w-]+$/);
      await page.evaluate(() => {
        const stage = document.querySelector<HTMLElement>(".stage-box") as HTMLElement;
        new MutationObserver(() => {
          if (stage.dataset.motion === "run") stage.dataset.ran = "";
        }).observe(stage, { attributes: true, attributeFilter: ["data-motion"] });
      });
      await page.fill(".word input", "noise");
      await page.waitFor((old) => {
        const now = document.querySelector<HTMLAnchorElement>(".links a")?.href;
        const ended = document.querySelector(".stage-box[data-ran][data-motion=rest]");
        return now !== old && ended && document.querySelector("[aria-valuetext='log SNR = 8.0']");
      }, before);
      await page.focus(".river input");
      await page.press("Home");
      await page.waitFor(() => document.querySelector("[aria-valuetext='log SNR = -5.0']"));
      const label = () => document.querySelector(".stage-box canvas")?.ariaLabel;
      expect(await page.evaluate(label)).toBe(
        "1,200 points on their way from noise to the word “noise”, at log SNR -5.0",
      );
    });

    it("shares the theme and the language with the demo", async () => {
      await page.goto(`${server.url}lessons/ddim.html`);
      const kept = (name: string) => localStorage.getItem(name);
      const isDark = () => document.documentElement.classList.contains("dark");
      expect(await page.evaluate(isDark)).toBe(false);
      await page.click(".nav-switches .theme");
      await page.waitFor(() => document.documentElement.dataset.theme === "dark");
      expect(await page.evaluate(kept, "gen.theme")).toBe('"dark"');
      // As the demo keeps it.
      await page.evaluate(() => localStorage.setItem("gen.theme", '"light"'));
      await page.reload();
      expect(await page.evaluate(isDark)).toBe(false);
      await page.click(".nav-switches .languages a[lang=zh-CN]");
      await page.waitFor(() => location.pathname === "/zh/lessons/ddim.html");
      expect(await page.evaluate(kept, "gen.language")).toBe('"zh"');
      await page.goto(server.url);
      await page.waitFor(() => location.pathname === "/zh/" && document.querySelector("h1"));
      await page.click(".nav-switches .languages a[lang=en]");
      await page.waitFor(() => location.pathname === "/");
      expect(await page.evaluate(kept, "gen.language")).toBe('"en"');
      await page.reload();
      expect(await page.evaluate(() => location.pathname)).toBe("/");
    });

    it("prints the text alone, dark as light, and no code is cut", async () => {
      /** Applies what the style sheets say of paper to the screen. */
      const asPrinted = (dark: boolean) => {
        document.documentElement.classList.toggle("dark", dark);
        document.documentElement.dataset.theme = dark ? "dark" : "light";
        for (const sheet of document.styleSheets) {
          for (const rule of sheet.cssRules) {
            if (rule instanceof CSSMediaRule && rule.media.mediaText === "print") {
              rule.media.mediaText = "all";
            }
          }
        }
        const colors = Array.from(
          document.querySelectorAll("body, .vp-doc :is(h1, h2, p, code, pre span, td, a)"),
          (element) => {
            const { color, backgroundColor } = getComputedStyle(element);
            return `${element.tagName} ${color} ${backgroundColor}`;
          },
        );
        const visible = [
          ".VPNav",
          ".VPNavBarSearch",
          ".VPLocalNav",
          ".VPSidebar",
          ".VPDocAside",
          ".VPDocFooter",
          ".nav-switches",
        ].filter((selector) =>
          Array.from(document.querySelectorAll(selector)).some(
            (element) => element.getClientRects().length > 0,
          ),
        );
        const cut = Array.from(document.querySelectorAll("div[class*=language-]"))
          .map((code) => getComputedStyle(code).breakInside)
          .filter((value) => value !== "avoid");
        return { colors, visible, cut, text: document.querySelector("main")?.clientWidth };
      };
      for (const path of ["lessons/ddim.html", "zh/guide/ddpm-to-ddim.html"]) {
        await page.goto(server.url + path);
        const light = await page.evaluate(asPrinted, false);
        expect(light.colors.length).toBeGreaterThan(100);
        expect(light.visible).toEqual([]);
        expect(light.cut).toEqual([]);
        expect((await page.evaluate(asPrinted, true)).colors).toEqual(light.colors);
      }
    });

    /** Opens a page at a width in a theme, and asks axe. */
    async function axeAt(path: string, width: number, theme: "light" | "dark"): Promise<string[]> {
      await page.resize(width, 800);
      await page.evaluate((kept) => localStorage.setItem("gen.theme", `"${kept}"`), theme);
      await page.goto(server.url + path);
      await page.waitFor(async (expected) => {
        await document.fonts.ready;
        // The keyboard reaches what is wider than its place once the page has measured it.
        const wide = Array.from(document.querySelectorAll<HTMLElement>(".vp-doc table")).filter(
          ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth,
        );
        return (
          document.documentElement.dataset.theme === expected &&
          wide.every(({ tabIndex }) => tabIndex === 0)
        );
      }, theme);
      const problems = await axeProblems(page);
      return problems.map((problem) => `${path}, ${width}, ${theme}: ${problem}`);
    }

    it("has no faults that axe finds", { timeout: 1_200_000 }, async () => {
      const kinds = ["", "zh/lessons/loss.html"];
      if (allEngines) kinds.push("zh/", "lessons/ddim.html", "guide/solvers.html");
      const all = own()
        .map(([file]) => file)
        .filter((file) => !/^(zh\/)?reference\//.test(file));
      const problems: string[] = [];
      await page.goto(server.url);
      for (const path of kinds) problems.push(...(await axeAt(path, 360, "dark")));
      if (allEngines && engine === "chromium") {
        for (const path of kinds) problems.push(...(await axeAt(path, 360, "light")));
        for (const path of kinds) problems.push(...(await axeAt(path, 1440, "dark")));
        // A page and its twin in the other language have the same parts: one is asked each way.
        const english = all.filter((file) => !file.startsWith("zh/"));
        expect(all).toHaveLength(2 * english.length);
        for (const [i, path] of english.entries()) {
          const [wide, narrow] = i % 2 === 0 ? [path, `zh/${path}`] : [`zh/${path}`, path];
          problems.push(...(await axeAt(wide, 1440, "light")));
          problems.push(...(await axeAt(narrow, 360, "dark")));
        }
      }
      expect(problems).toEqual([]);
    });

    it("lets the keyboard scroll a wide formula or table", async () => {
      await page.resize(360, 800);
      await page.goto(`${server.url}guide/solvers.html`);
      const wide = await page.waitFor(() => {
        const parts = Array.from(document.querySelectorAll<HTMLElement>(".vp-doc table"));
        const wider = parts.filter((part) => part.scrollWidth > part.clientWidth);
        return wider.length > 0 && wider.every(({ tabIndex }) => tabIndex === 0) && wider.length;
      });
      expect(wide).toBeGreaterThan(0);
      await page.resize(1440, 900);
    });

    it("opens without a network after the first visit", async () => {
      const host = await serve({ "/": site().out });
      const reader = await browser.newPage();
      try {
        await reader.goto(host.url);
        await reader.evaluate(async () => void (await navigator.serviceWorker.ready));
        host.cut();
        await reader.goto(`${host.url}lessons/ddim.html`);
        await reader.waitFor(() => document.querySelector(".lesson-figure[data-ready=true]"));
        await reader.goto(`${host.url}zh/guide/ddpm-to-ddim`);
        expect(await reader.text("h1")).toContain("DDIM");
        // A page of the reference that nobody has read is not there, and the reader is told so.
        await reader.goto(`${host.url}reference/`);
        expect(await reader.text("p")).toContain("There is no network");
      } finally {
        await reader.close();
        await host.close();
      }
    });
  });

  describeEngines("with reduced motion", enginesOf(), (engine) => {
    it("shows stills on the home page, and requests no frames", async () => {
      const server = await serve({ "/": site().out });
      const browser = await launch(engine, { reducedMotion: true });
      try {
        const page = await browser.newPage();
        await page.goto(server.url);
        await page.waitFor(
          () =>
            document.readyState === "complete" &&
            document.querySelector("[aria-valuetext='log SNR = 8.0']"),
        );
        const frames = await page.evaluate(async () => {
          let asked = 0;
          const original = globalThis.requestAnimationFrame;
          globalThis.requestAnimationFrame = (callback) => {
            asked++;
            return original(callback);
          };
          await new Promise((resolve) => setTimeout(resolve, 500));
          return {
            asked,
            motion: document.querySelector<HTMLElement>(".stage-box")?.dataset.motion,
          };
        });
        expect(frames).toEqual({ asked: 0, motion: "rest" });
      } finally {
        await browser.close();
        await server.close();
      }
    });
  });

  it("lists its versions: without a release, the next one alone", () => {
    expect(JSON.parse(readFileSync(join(site().out, "versions.json"), "utf8"))[0]).toEqual({
      name: "next",
      folder: "",
    });
  });
});
