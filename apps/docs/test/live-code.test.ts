import { afterAll, beforeAll, expect, it } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { allEngines } from "../../../tooling/browser/engines.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type Server, serve } from "../../../tooling/browser/serve.ts";
import { axeFolder, axeProblems } from "../../demo/test/axe.ts";
import { usesSite } from "./built-site.ts";
import { strictPolicy } from "./strict-policy.ts";

/** The first run of an example on a busy machine. */
const ENDED = /Finished|Stopped|error|用时|停止|错误/;

const site = usesSite();

/** Walks through the examples that run in the built site's pages. */
describeEngines("live code", enginesOf(), (engine) => {
  let server: Server;
  let browser: Browser;
  let page: BrowserPage;

  beforeAll(async () => {
    // Only the frame has a policy of its own.
    const headers = (path: string): Record<string, string> =>
      path === "/live/frame.html"
        ? {}
        : { "content-security-policy": strictPolicy(site().out, path) };
    server = await serve({ "/axe/": axeFolder, "/": site().out }, { headers });
    browser = await launch(engine);
    page = await browser.newPage();
    await page.resize(1280, 900);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const open = async (path: string) => {
    await page.goto(`${server.url}${path}`);
    // The page is ready when Vue has it.
    await page.waitFor(() => "__vue_app__" in (document.querySelector("#app") ?? {}));
  };
  const status = () => page.text(".live-status");
  const ended = async () => {
    await page.waitFor(
      (source) =>
        new RegExp(source).test(document.querySelector(".live-status")?.textContent ?? ""),
      ENDED.source,
    );
    return status();
  };
  /** Presses a button of the first example, by the keyboard. */
  const press = async (text: string) => {
    const target = { selector: ".live-bar button", text };
    while (!(await page.usable(target))) await new Promise((done) => setTimeout(done, 50));
    await page.focus(target);
    await page.press("Enter");
  };
  /** Opens the page's first example, and runs other code in its editor. */
  async function runCode(code: string): Promise<string> {
    await open("lessons/chance.html");
    await press("Run");
    await ended();
    await page.fill(".live-editor textarea", code);
    await press("Run");
    return ended();
  }
  const logs = () => page.text(".live-logs");

  it("is text until a reader runs it, and then shows its results beside the page's", async () => {
    await open("lessons/chance.html#run?code=alert(1)");
    const before = await page.evaluate(() => ({
      frames: document.querySelectorAll("iframe, .live-editor").length,
      loaded: performance
        .getEntriesByType("resource")
        .filter(({ name }) => /\/live\/|live-session/.test(name)).length,
    }));
    expect(before).toEqual({ frames: 0, loaded: 0 });
    const shown = await page.evaluate(
      () => document.querySelector(".live pre")?.textContent?.match(/\/\/ =>/g)?.length ?? 0,
    );
    expect(shown).toBeGreaterThan(2);
    await page.click(".live-run");
    expect(await ended()).toMatch(new RegExp(`All ${shown} results hold`));
    const marks = await page.evaluate(() =>
      Array.from(document.querySelectorAll(".live-output tbody tr"), (row) =>
        row.querySelector("span")?.textContent?.trim(),
      ),
    );
    expect(marks).toEqual(Array.from({ length: shown }, () => "✓"));
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("live-run");
    expect(await page.evaluate(() => document.querySelectorAll("iframe").length)).toBe(0);
    expect(await axeProblems(page)).toEqual([]);
  });

  it("can be edited, run by the keyboard, and left by Esc and Tab", async () => {
    expect(await runCode("const x = 2;\nx; // => 3\nx; // => 2")).toMatch(/1 of 2 results hold/);
    expect(await page.text(".live-differs")).toContain("2");
    await page.focus(".live-editor textarea");
    await page.press("Tab");
    const value = () =>
      page.evaluate(() => document.querySelector<HTMLTextAreaElement>(".live textarea")?.value);
    expect(await value()).toMatch(/ {2}/);
    const focused = () => page.evaluate(() => document.activeElement?.className);
    await page.press("Escape");
    await page.press("Tab");
    expect(await focused()).toBe("live-run");
    await page.fill(".live-editor textarea", "1 + 1; // => 2");
    await page.focus(".live-editor textarea");
    await page.evaluate(() => {
      const init = { key: "Enter", ctrlKey: true, bubbles: true };
      document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", init));
    });
    expect(await ended()).toMatch(/The result holds/);
    await press("Reset");
    await page.waitFor(() => !document.querySelector(".live-editor"));
    expect(await focused()).toBe("live-run");
  });

  it("draws points and pictures, and prints", async () => {
    const code = `
        import { digits, twoMoons } from "@gen/data";
        const moons = twoMoons({ n: 300, seed: 0 });
        moons.length; // => 300
        const set = await digits();
        show(set);
        console.log("hello", [1, 2.5]);
        show(new Float32Array(48), [1, 3, 4, 4]);
      `.replaceAll("\n        ", "\n");
    expect(await runCode(code)).toMatch(/The result holds/);
    // A picture is drawn once its place has a size.
    const labels = await page.waitFor(() => {
      const all = Array.from(document.querySelectorAll<HTMLCanvasElement>(".live-drawing canvas"));
      const drawn = all.filter((canvas) => {
        const { width, height } = canvas;
        const pixels = canvas.getContext("2d")?.getImageData(0, 0, width, height).data;
        return (pixels?.filter((v, i) => i % 4 === 3 && v > 0).length ?? 0) > 500;
      });
      return drawn.length === 3 && drawn.map((canvas) => canvas.getAttribute("aria-label"));
    });
    expect(labels).toEqual([
      expect.stringMatching(/^show: 1797 pictures of 8 × 8; the first 16/),
      expect.stringMatching(/^show: 1 picture of 4 × 4/),
      expect.stringMatching(/^moons: 300 points, x: −1/),
    ]);
    expect(await logs()).toBe("hello [1, 2.5]");
  });

  it("names the line of an error", async () => {
    const code = 'const a: number = 1;\nconsole.log("before");\n\nthrow new RangeError("no " + a);';
    expect(await runCode(code)).toMatch(/error/);
    expect(await page.text(".live-output .live-error")).toBe("line 4 RangeError: no 1");
    expect(await logs()).toBe("before");
    expect(await page.usable(".live-error-line")).toBe(true);
    await page.fill(".live-editor textarea", "const a = (1;\n");
    await press("Run");
    await page.waitFor(() =>
      document.querySelector(".live-output .live-error")?.textContent?.includes("line 1"),
    );
    await page.fill(".live-editor textarea", 'import { a } from "left-pad";\na;');
    await press("Run");
    await page.waitFor(() =>
      document.querySelector(".live-output")?.textContent?.includes('"left-pad" does not run'),
    );
  });

  it("can be stopped in an endless loop, with a page that stays alive", async () => {
    await open("lessons/chance.html");
    await press("Run");
    await ended();
    await page.evaluate(() => {
      // The page's 20 seconds pass in a tenth of one.
      const { setTimeout } = window;
      const quick = (run: () => void, time = 0) => setTimeout(run, time === 20_000 ? 100 : time);
      Object.assign(window, { setTimeout: quick });
    });
    await page.fill(".live-editor textarea", 'console.log("in");\nfor (;;) {}');
    await press("Run");
    await page.waitFor(() => document.querySelector(".live-logs")?.textContent?.includes("in"));
    await page.waitFor(() =>
      /after 20 s/.test(document.querySelector(".live-status")?.textContent ?? ""),
    );
    await press("Stop");
    expect(await ended()).toBe("Stopped.");
    expect(await page.evaluate(() => document.querySelectorAll("iframe").length)).toBe(0);
  });

  it("stops a flood of output, and shows nothing as HTML", async () => {
    const flood = 'for (let i = 0; i < 3000; i++) console.log("<img src=x>" + i);';
    expect(await runCode(flood)).toMatch(/1,000 lines/);
    const seen = await page.evaluate(() => ({
      lines: document.querySelectorAll(".live-logs > span").length,
      images: document.querySelectorAll(".live-output img").length,
    }));
    expect(seen).toEqual({ lines: 1000, images: 0 });
    const forged = `
        for (const level of ["log", "<b>"]) postMessage({ kind: "log", level, text: level });
        postMessage({ kind: "end", reason: "hacked" });
        postMessage({ kind: "value", line: 1, text: "<b>9</b>", holds: "yes" });`;
    expect(await runCode(forged)).toMatch(/Finished/);
    expect(await logs()).toBe("log");
    expect(await page.evaluate(() => document.querySelectorAll(".live-output b").length)).toBe(0);
  });

  it("reaches no storage, no network, no page and no text as code", async () => {
    await open("lessons/chance.html");
    await page.evaluate(async () => {
      localStorage.setItem("secret", "1234");
      await caches.open("secret");
    });
    const tries = [
      "localStorage.getItem('secret')",
      "self.document.cookie",
      "self.parent.document",
      "(await new Promise((done, fail) => { const r = indexedDB.open('a'); r.onerror = () => fail(r.error); r.onsuccess = () => done(r); }))",
      // An engine may give the worker a cache storage of its own.
      "(await caches.keys()).find((name) => name === 'secret').length",
      `(await fetch("${server.url}index.html"))`,
      `(() => { const r = new XMLHttpRequest(); r.open("GET", "${server.url}", false); r.send(); return r; })()`,
      `(await import(["${server.url}", "problems.js"].join("")))`,
      `importScripts("${server.url}problems.js")`,
      `(await new Promise((done, fail) => { const s = new WebSocket("${server.url.replace("http", "ws")}"); s.onerror = fail; s.onopen = done; }))`,
      'new Function("return 7")()',
      'eval("7")',
    ];
    const code = tries
      .map(
        (it, i) => `try { console.log("reached ${i}", ${it}); } catch { console.log("no ${i}"); }`,
      )
      .join("\n");
    const end = await runCode(code);
    expect(end, await page.text(".live-output")).toMatch(/Finished/);
    expect((await logs()).split("\n").map((line) => line.trim())).toEqual(
      tries.map((_, i) => `no ${i}`),
    );
  });

  it("has a frame that runs nothing outside its sandbox", async () => {
    await page.goto(`${server.url}live/frame.html?code=1`);
    expect(await page.evaluate(() => document.body.textContent?.length ?? 0)).toBeGreaterThan(0);
    await open("lessons/chance.html");
    const answers = await page.evaluate(async () => {
      const got: unknown[] = [];
      addEventListener("message", ({ data }) => got.push(data));
      const frame = document.createElement("iframe");
      frame.src = "/live/frame.html";
      const loaded = new Promise((done) => frame.addEventListener("load", done));
      document.body.append(frame);
      await loaded;
      const worker = 'postMessage({ kind: "log", level: "log", text: "ran" })';
      frame.contentWindow?.postMessage({ kind: "start", worker }, "*");
      await new Promise((done) => setTimeout(done, 500));
      frame.remove();
      return got;
    });
    expect(answers).toEqual([]);
  });

  it("leaves the book's own policy strict", async () => {
    await open("lessons/chance.html");
    await press("Run");
    await ended();
    const allowed = await page.evaluate(async () => {
      const code = new Blob(["window.ran = true"], { type: "text/javascript" });
      const script = document.createElement("script");
      script.src = URL.createObjectURL(code);
      const loaded = new Promise((done) => {
        script.onload = () => done(true);
        script.onerror = () => done(false);
      });
      document.head.append(script);
      const blob = await loaded;
      let evaluated = true;
      try {
        new Function("return 1")();
      } catch {
        evaluated = false;
      }
      const outside = performance
        .getEntriesByType("resource")
        .filter(({ name }) => !name.startsWith(location.origin) && !name.startsWith("blob:"));
      return { blob, evaluated, outside: outside.length };
    });
    expect(allowed).toEqual({ blob: false, evaluated: false, outside: 0 });
  });

  it("speaks Chinese on a phone, in the dark, without fault of axe", async () => {
    await page.resize(390, 844);
    try {
      await open("zh/lessons/chance.html");
      await page.evaluate(() => document.documentElement.classList.add("dark"));
      await press("运行");
      expect(await ended()).toMatch(/全部一致/);
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(wide).toBe(0);
      expect(await axeProblems(page)).toEqual([]);
    } finally {
      await page.resize(1280, 900);
    }
  });

  it.runIf(allEngines)(
    "runs each example of the site, and its results hold",
    async () => {
      const all = pagesWithExamples(site().pages);
      // The Chinese pages have the programs of the English ones, as the test of the fences says.
      const pages = engine === "chromium" ? all : all.filter((path) => !path.startsWith("zh/"));
      for (const path of pages) {
        await open(path);
        for (const { status, wrong, output } of await page.evaluate(runAll)) {
          expect(wrong, `${path}\n${output}`).toBe(0);
          expect(status, path).toMatch(/Finished|用时/);
        }
      }
    },
    1_800_000,
  );
});

/** Runs in the page. */
async function runAll() {
  const results: { status: string; wrong: number; output: string }[] = [];
  for (const live of document.querySelectorAll(".live")) {
    live.querySelector<HTMLButtonElement>(".live-run")?.click();
    const status = () => live.querySelector(".live-status")?.textContent ?? "";
    while (!/Finished|Stopped|error|用时|停止|错误/.test(status())) {
      await new Promise((done) => setTimeout(done, 50));
    }
    const wrong = live.querySelectorAll(".live-differs, .live-output .live-error").length;
    const output = live.querySelector(".live-output")?.textContent ?? "";
    results.push({ status: status(), wrong, output });
  }
  return results;
}

const pagesWithExamples = (pages: ReadonlyMap<string, string>): string[] =>
  [...pages].filter(([, html]) => html.includes('class="live"')).map(([path]) => path);
