import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import type { Engine } from "../../../tooling/browser/engines.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import type { LaunchOptions } from "../../../tooling/browser/page-driver.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { type Server, serve } from "../../../tooling/browser/serve.ts";
import { axeFolder, axeProblems } from "./axe.ts";
import { builtDemo } from "./built-demo.ts";
import { framesRequested, layoutShift, scriptCounter } from "./measure.ts";
import { overflow } from "./room.ts";

/** Waits until all paths are traced. */
const traced = (page: BrowserPage) =>
  page.waitFor(() => /\d/.test(document.querySelector("[data-role=fact]")?.textContent ?? ""));

/** Waits until all paths are traced, and moves the scrubber to their end. */
async function atEnd(page: BrowserPage): Promise<void> {
  await traced(page);
  await page.fill("input[name=moment]", 8);
}

/** The numbers of the first points at this moment, as the page shows them. */
async function pointsOf(page: BrowserPage): Promise<number[]> {
  await page.evaluate(() => {
    const details = document.querySelector<HTMLDetailsElement>(".numbers");
    if (details) details.open = true;
  });
  await page.waitFor(() => document.querySelectorAll(".numbers td").length === 40);
  return page.evaluate(() =>
    Array.from(document.querySelectorAll(".numbers td"), (cell) => Number(cell.textContent)),
  );
}

/** Presses the copy button and returns the link, whether or not the browser may copy. */
async function copiedLink(page: BrowserPage): Promise<string> {
  await page.evaluate(() => {
    const copied = (text: string) => {
      document.documentElement.dataset.copied = text;
      return Promise.resolve();
    };
    Object.defineProperty(navigator, "clipboard", {
      value: { writeText: copied },
      configurable: true,
    });
  });
  await page.click(".go .primary");
  return page.waitFor(() => document.documentElement.dataset.copied);
}

/** The tests of the shell and the postcard, on the built demo. */
describe("the shell and the postcard", () => {
  let server: Server;
  const open: { close(): Promise<void> }[] = [];
  const { headers, expectLight } = scriptCounter(builtDemo);
  beforeAll(async () => {
    server = await serve({ "/axe/": axeFolder, "/": builtDemo }, { isolated: true, headers });
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  afterAll(() => server?.close());

  async function visit(browser: Browser, path = "", size: [number, number] = [1440, 900]) {
    const page = await browser.newPage();
    open.push(page);
    await page.resize(...size);
    await page.goto(server.url + path);
    await page.waitFor(() => document.querySelector("h1"));
    return page;
  }

  function describePostcard(
    name: string,
    engines: readonly Engine[],
    tests: (browser: () => Browser, engine: Engine) => void,
    options: LaunchOptions = {},
  ): void {
    describeEngines(name, engines, (engine) => {
      let browser: Browser;
      beforeAll(async () => {
        browser = await launch(engine, options);
      });
      afterAll(() => browser?.close());
      tests(() => browser, engine);
    });
  }

  describePostcard("the postcard, start to end", enginesOf({ everyEngine: true }), (browser) => {
    test("a word's points are the same for everyone who opens its link", async () => {
      const page = await visit(browser());
      await page.fill("input[name=word]", "ok 好");
      await page.waitFor(() => document.querySelector(".stage-box canvas[aria-label*=ok]"));
      await atEnd(page);
      const points = await pointsOf(page);
      const link = await copiedLink(page);
      expect(link.length).toBeLessThanOrEqual(1500);
      const other = await visit(browser(), new URL(link).hash);
      await atEnd(other);
      expect(await other.text(".notice")).toBe("");
      const opened = await pointsOf(other);
      points.forEach((v, i) => expect(Math.abs(v - opened[i])).toBeLessThanOrEqual(1e-3));
      // A reload keeps the picture and its word.
      await page.reload();
      await atEnd(page);
      expect(await pointsOf(page)).toEqual(points);
      expect(
        await page.evaluate(
          () => document.querySelector<HTMLInputElement>("input[name=word]")?.value,
        ),
      ).toBe("ok 好");
      expect(await page.problems()).toEqual([]);
    });
  });

  describePostcard("the postcard", enginesOf(), (browser, engine) => {
    test("opens with moving points, without WebAssembly, in 90 kB of script", async () => {
      const page = await visit(browser());
      await page.waitFor(
        () => document.querySelector<HTMLElement>(".stage-box")?.dataset.motion === "run",
      );
      await page.waitFor(
        () => document.querySelector<HTMLElement>(".stage-box")?.dataset.motion === "hold",
      );
      const names = await page.evaluate(() =>
        performance.getEntriesByType("resource").map(({ name }) => name),
      );
      expect(names.filter((name) => new URL(name).origin !== new URL(server.url).origin)).toEqual(
        [],
      );
      expect(names.filter((name) => name.endsWith(".wasm"))).toEqual([]);
      await expectLight();
      expect(await layoutShift(page)).toBeLessThan(0.02);
    });

    test("moves by the arrows, Home and End of its scrubber, and by dragging", async () => {
      const page = await visit(browser());
      await atEnd(page);
      const moment = () =>
        page.evaluate(() =>
          document.querySelector("input[name=moment]")?.getAttribute("aria-valuetext"),
        );
      await page.focus("input[name=moment]");
      await page.press("Home");
      expect(await moment()).toBe("log SNR = -5.0");
      const noise = await pointsOf(page);
      await page.focus("input[name=moment]");
      await page.press("End");
      expect(await moment()).toBe("log SNR = 8.0");
      await page.press("ArrowLeft");
      await page.press("ArrowLeft");
      expect(await moment()).toBe("log SNR = 7.9");
      expect(await pointsOf(page)).not.toEqual(noise);
      await page.drag("input[name=moment]", [0.9, 0.5], [0.5, 0.5]);
      expect(await moment()).toMatch(/log SNR = 1\.[3-7]/);
    });

    test("keeps the focus on every control that is used", async () => {
      const page = await visit(browser());
      await atEnd(page);
      const count = await page.evaluate(
        () => document.querySelectorAll("main button, header button").length,
      );
      expect(count).toBeGreaterThan(12);
      for (let i = 0; i < count; i++) {
        const name = await page.evaluate((i) => {
          const all = document.querySelectorAll<HTMLElement>("main button, header button");
          if (all[i].dataset.format) return "";
          all[i].focus();
          return all[i].textContent?.trim() || all[i].ariaLabel || "unnamed";
        }, i);
        if (name === "") continue;
        await page.press("Enter");
        await new Promise((resolve) => setTimeout(resolve, 60));
        const focused = await page.evaluate(() => document.activeElement?.tagName);
        expect(focused, name).toBe("BUTTON");
        if (name === "draw instead") await page.press("Enter");
      }
    });

    test("says so when a link is damaged or a page does not exist", async () => {
      const damaged = await visit(browser(), "#/postcard/1AAAABBBB");
      await atEnd(damaged);
      expect(await damaged.text(".say .notice")).toContain("damaged");
      const nowhere = await visit(browser(), "#/nothing");
      expect(await nowhere.text(".notice")).toContain("“nothing”");
      expect(await nowhere.problems()).toEqual([]);
    });

    test("a drawing, a toy and a CSV file become pictures", async () => {
      const page = await visit(browser());
      await atEnd(page);
      const word = await pointsOf(page);
      await page.click({ selector: ".others button", text: "draw instead" });
      await page.drag(".stage-box .pad", [0.3, 0.4], [0.7, 0.6]);
      await page.click({ selector: ".others button", text: "show my drawing" });
      await page.waitFor(() => !document.querySelector(".stage-box .pad"));
      await atEnd(page);
      const drawing = await pointsOf(page);
      expect(drawing).not.toEqual(word);
      await page.click({ selector: ".others button", text: "moons" });
      await page.waitFor(() => document.querySelector(".others [aria-pressed=true]"));
      await atEnd(page);
      const moons = await pointsOf(page);
      expect(moons).not.toEqual(drawing);
      const choose = (text: string) =>
        page.evaluate((text) => {
          const input = document.querySelector<HTMLInputElement>("input[type=file]");
          const files = new DataTransfer();
          files.items.add(new File([text], "mine.csv"));
          if (input) input.files = files.files;
          input?.dispatchEvent(new Event("change"));
        }, text);
      await choose("nothing here");
      await page.waitFor(() => document.querySelector(".source [role=alert]"));
      expect(await page.text(".source [role=alert]")).toContain("mine.csv");
      await choose("x,y\n0,0\n1,0\n0.5,1\n");
      await page.waitFor(() => !document.querySelector(".source [role=alert]"));
      await atEnd(page);
      expect(await pointsOf(page)).not.toEqual(moons);
    });

    test("saves PNG, SVG, a film and the points", async () => {
      const page = await visit(browser());
      await atEnd(page);
      await page.evaluate(() => {
        const saved: { type: string; size: number; start: string }[] = [];
        Object.assign(window, { saved });
        const original = URL.createObjectURL;
        URL.createObjectURL = (blob: Blob) => {
          void blob
            .slice(0, 40)
            .text()
            .then((start) => saved.push({ type: blob.type, size: blob.size, start }));
          return original(blob);
        };
      });
      const count = () => page.evaluate(() => (window as unknown as { saved: [] }).saved.length);
      const ready = () =>
        page.waitFor(() => !document.querySelector(".saves [aria-disabled=true]"));
      for (const [i, format] of ["png", "svg", "csv", "film"].entries()) {
        await ready();
        await page.click(`[data-format=${format}]`);
        await expect.poll(count, { timeout: 60_000 }).toBeGreaterThan(i);
      }
      await ready();
      // Most WebKitGTK record no film. They give five stills, and say so.
      const stills = (await page.text(".actions .note")).includes("records no film");
      if (engine !== "webkit") expect(stills).toBe(false);
      await expect.poll(count, { timeout: 60_000 }).toBe(stills ? 8 : 4);
      const film = stills
        ? Array(5).fill("image/png")
        : [expect.stringMatching(/^video\/(webm|mp4)$/)];
      const types = ["image/png", "image/svg+xml", "text/csv", ...film];
      const saved = await page.evaluate(
        () =>
          (window as unknown as { saved: { type: string; size: number; start: string }[] }).saved,
      );
      expect(saved.map(({ type }) => type.split(";")[0])).toEqual(types);
      expect(saved[0].start.slice(1, 4)).toBe("PNG");
      expect(saved[1].start).toMatch(/^<svg xmlns=/);
      expect(saved[2].start).toMatch(/^x,y\n-?\d+\.\d{6},/);
      for (const { size } of saved) expect(size).toBeGreaterThan(10_000);
    });

    test("has no fault that axe finds, in both themes, languages and sizes", async () => {
      for (const [language, size] of [
        ["en", [1440, 900]],
        ["zh", [360, 740]],
      ] as const) {
        const page = await visit(browser(), `?lang=${language}`, [...size]);
        await atEnd(page);
        for (const _theme of ["light", "dark"]) {
          expect(await axeProblems(page)).toEqual([]);
          await page.click(".theme");
        }
        expect(await page.evaluate(() => document.title)).toMatch(
          language === "en" ? /noise/ : /噪声/,
        );
        const description = await page.evaluate(
          () => document.querySelector<HTMLMetaElement>("meta[name=description]")?.content,
        );
        expect(description).toMatch(language === "en" ? /random points/ : /随机点/);
      }
    });

    test("fits a screen of 320 pixels, and keeps its picture and main button in the first screen", async () => {
      const page = await visit(browser(), "", [320, 740]);
      await atEnd(page);
      expect(await overflow(page)).toBe(0);
      const { stage, go } = await page.evaluate(() => ({
        stage: document.querySelector(".stage-box")?.getBoundingClientRect().bottom ?? Infinity,
        go: document.querySelector(".go")?.getBoundingClientRect().bottom ?? Infinity,
      }));
      expect(stage).toBeLessThan(740);
      expect(go).toBeLessThanOrEqual(740);
    });

    test("works under a content security policy without inline scripts or styles", async () => {
      for (const workers of ["'self'", "'none'"]) {
        const own = `default-src 'self'; img-src 'self' data:; worker-src ${workers}; object-src 'none'`;
        const strict = await serve(
          { "/": builtDemo },
          { isolated: true, headers: { "content-security-policy": own } },
        );
        const page = await browser().newPage();
        open.push(page, strict);
        await page.goto(strict.url);
        await atEnd(page);
        // Without workers the browser reports that nothing is kept for a visit without a network.
        const problems = await page.problems();
        expect(problems.filter((text) => workers === "'self'" || !/sw\.js/.test(text))).toEqual([]);
      }
    });

    test("keeps the theme that was chosen", async () => {
      const page = await visit(browser());
      const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
      expect(await theme()).toBe("light");
      await page.click(".theme");
      await page.reload();
      await page.waitFor(() => document.querySelector("h1"));
      expect(await theme()).toBe("dark");
    });
  });

  describePostcard(
    "the postcard with reduced motion",
    enginesOf(),
    (browser) => {
      test("shows five stills, and requests no animation frame after them", async () => {
        const page = await visit(browser());
        await traced(page);
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(await framesRequested(page, 600)).toBe(0);
      });
    },
    { reducedMotion: true },
  );

  describePostcard(
    "the postcard with forced colors",
    // WebKit knows no forced colors.
    enginesOf().filter((engine) => engine !== "webkit"),
    (browser) => {
      test("what is chosen has another border than what is not", async () => {
        const page = await visit(browser());
        const [chosen, other] = await page.evaluate(() =>
          [true, false].map((pressed) => {
            const button = document.querySelector(`.languages [aria-pressed=${pressed}]`);
            const { borderTopWidth, borderTopColor } = getComputedStyle(button as Element);
            return `${borderTopWidth} ${borderTopColor}`;
          }),
        );
        expect(chosen).not.toBe(other);
      });
    },
    { forcedColors: true },
  );
});
