import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { allEngines, type Engine } from "../../../tooling/browser/engines.ts";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import type { LaunchOptions } from "../../../tooling/browser/page-driver.ts";
import { describeEngines } from "../../../tooling/browser/page-tests.ts";
import { type Server, serve } from "../../../tooling/browser/serve.ts";
import { axeFolder, axeProblems } from "./axe.ts";
import { builtDemo } from "./built-demo.ts";
import { scriptCounter } from "./measure.ts";

/** The sizes that each room is looked at. */
export const sizes = { wide: [1440, 900], phone: [360, 740] } as const;

/** The CSS pixels by which the page is wider than its window, without the scrollbar. */
export const overflow = (page: BrowserPage): Promise<number> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });

/** A room in one engine. */
export interface Room {
  /** Opens the room in a new page, which closes after the test. */
  visit(settings?: string, size?: readonly [number, number]): Promise<BrowserPage>;
  server(): Server;
  /** Expects that the scripts of all visits so far are within the budget before a backend. */
  expectLight(): Promise<void>;
}

/** Describes a room's tests for each engine, on the built demo. `id` is its address. */
export function describeRoom(
  id: string,
  engines: readonly Engine[],
  tests: (room: Room, engine: Engine) => void,
  options: LaunchOptions = {},
): void {
  describeEngines(`the room ${id}`, engines, (engine) => {
    let server: Server;
    let browser: Browser;
    const open: BrowserPage[] = [];
    const { headers, expectLight } = scriptCounter(builtDemo);
    beforeAll(async () => {
      server = await serve({ "/axe/": axeFolder, "/": builtDemo }, { isolated: true, headers });
      browser = await launch(engine, options);
    });
    afterEach(async () => {
      for (const page of open.splice(0)) await page.close();
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });
    async function visit(settings = "", size: readonly [number, number] = sizes.wide) {
      const page = await browser.newPage();
      open.push(page);
      await page.resize(size[0], size[1]);
      await page.goto(`${server.url}#/${id}${settings}`);
      await page.waitFor(() => document.querySelector("h1"));
      return page;
    }
    tests({ visit, server: () => server, expectLight }, engine);
  });
}

/**
 * Expects no problem of axe, as the page is now: in light English on a wide screen and in dark
 * Chinese on a phone, and with `npm run test:all` in every theme, language and size.
 */
export async function expectAccessible(page: BrowserPage): Promise<void> {
  const switchTheme = () => page.click(".theme");
  const switchLanguage = () => page.click(".languages button[aria-pressed=false]");
  if (!allEngines) {
    await page.resize(...sizes.wide);
    expect(await axeProblems(page)).toEqual([]);
    await page.resize(...sizes.phone);
    await switchTheme();
    await switchLanguage();
    expect(await axeProblems(page)).toEqual([]);
    await switchTheme();
    await switchLanguage();
    return;
  }
  for (const [width, height] of Object.values(sizes)) {
    await page.resize(width, height);
    for (let language = 0; language < 2; language++) {
      for (let theme = 0; theme < 2; theme++) {
        expect(await axeProblems(page)).toEqual([]);
        await switchTheme();
      }
      await switchLanguage();
    }
  }
}

/**
 * Activates each button of the room by the keyboard and expects that the focus stays on a control.
 * `settle` runs after each, and brings back what the button has changed.
 */
export async function expectFocusKept(
  page: BrowserPage,
  settle: () => Promise<void> = async () => {},
): Promise<void> {
  const count = await page.evaluate(
    () => document.querySelectorAll("main button:not(:disabled)").length,
  );
  for (let i = 0; i < count; i++) {
    const focused = await page.evaluate((at) => {
      const button = document.querySelectorAll<HTMLElement>("main button:not(:disabled)")[at];
      button?.focus();
      return button !== undefined;
    }, i);
    if (!focused) continue;
    await page.press("Enter");
    const name = await page.evaluate(() => document.activeElement?.tagName);
    expect(name).not.toBe("BODY");
    await settle();
  }
}

/** The code that the room gives, as the page shows it. */
export const shownCode = (page: BrowserPage): Promise<string> => page.text(".take-away pre code");

/** Runs the room's code in Node as it is, and returns one of its variables. */
export async function runCode(code: string, variable: string): Promise<unknown> {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const folder = await mkdtemp(join(here, ".code-"));
  try {
    const file = join(folder, "room.ts");
    await writeFile(file, `${code}\nexport const taken: unknown = ${variable};\n`);
    const module: { taken: unknown } = await import(/* @vite-ignore */ file);
    return module.taken;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Presses a button of what a reader takes home, when it is ready. By the keyboard, because what still
 * changes above it may move it away from a pointer.
 */
export async function takeHome(page: BrowserPage, label: string): Promise<void> {
  await page.waitFor((label) => {
    const buttons = document.querySelectorAll<HTMLButtonElement>(".take-away button");
    const found = Array.from(buttons).find(({ textContent }) => textContent?.includes(label));
    if (found?.ariaDisabled === "true") return false;
    found?.focus();
    return found !== undefined && document.activeElement === found;
  }, label);
  await page.press("Enter");
}

/** Runs in the page. From now on, files offered for download are kept in `window.saved`. */
export function keepDownloads(): void {
  const saved: {
    name: string;
    text: Promise<string>;
    bytes: Promise<ArrayBuffer>;
    size: number;
  }[] = [];
  const blobs = new Map<string, Blob>();
  Object.assign(window, { saved });
  const create = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (blob: Blob) => {
    const url = create(blob);
    blobs.set(url, blob);
    return url;
  };
  HTMLAnchorElement.prototype.click = function (this: HTMLAnchorElement) {
    const blob = blobs.get(this.href);
    if (!blob) return;
    const { size } = blob;
    saved.push({ name: this.download, text: blob.text(), bytes: blob.arrayBuffer(), size });
  };
}
