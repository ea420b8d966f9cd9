import { type BrowserContextOptions, chromium, firefox, type Page, webkit } from "playwright-core";
import { chromiumFlags } from "../chromium-flags.mjs";
import type { Engine } from "../engines.ts";
import type { Launch, PageDriver } from "../page-driver.ts";

const types = { chromium, firefox, webkit };

/** Drives an installed Chromium, and Playwright's own builds of all three engines. */
export const playwright =
  (engine: Engine): Launch =>
  async (executablePath, { colorScheme = "light", reducedMotion, forcedColors }) => {
    const args = engine === "chromium" ? [...chromiumFlags, "--enable-unsafe-webgpu"] : [];
    const browser = await types[engine].launch({ executablePath, args });
    const options: BrowserContextOptions = {
      colorScheme,
      reducedMotion: reducedMotion ? "reduce" : "no-preference",
      forcedColors: forcedColors ? "active" : "none",
      locale: "en-GB",
    };
    return {
      version: browser.version(),
      async newPage() {
        const context = await browser.newContext(options);
        return pageDriver(await context.newPage(), () => context.close());
      },
      close: () => browser.close(),
    };
  };

function pageDriver(page: Page, close: () => Promise<void>): PageDriver {
  const problems: string[] = [];
  page.on("console", (message) => {
    const kind = message.type();
    if (kind === "error" || kind === "warning") problems.push(`${kind}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => problems.push(`failed: ${request.url()}`));
  // No time limit here. Tests wait for long computations, and vitest has a limit.
  page.setDefaultTimeout(0);
  return {
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    evaluate: (expression) => page.evaluate<string | undefined>(expression),
    moveMouse: (x, y) => page.mouse.move(x, y),
    pressMouse: () => page.mouse.down(),
    releaseMouse: () => page.mouse.up(),
    pressKey: (key) => page.keyboard.press(key),
    resize: (width, height) => page.setViewportSize({ width, height }),

    problems: async () => problems,
    close,
  };
}
