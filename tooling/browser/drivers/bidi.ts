import { type ConsoleMessage, type KeyInput, launch, type Page } from "puppeteer-core";
import type { Launch, PageDriver } from "../page-driver.ts";

/** Drives an installed Firefox over WebDriver BiDi. */
export const bidi: Launch = async (executablePath, { colorScheme = "light" }) => {
  const browser = await launch({
    browser: "firefox",
    executablePath,
    headless: true,
    // No time limit here. Tests wait for long computations, and vitest has a limit.
    protocolTimeout: 0,
    // WebGL on a machine without a GPU: Mesa renders it, without a window system.
    env: { ...process.env, MOZ_WEBGL_FORCE_EGL: "1", LIBGL_ALWAYS_SOFTWARE: "1" },
    extraPrefsFirefox: {
      "ui.systemUsesDarkTheme": colorScheme === "dark" ? 1 : 0,
      "intl.accept_languages": "en-GB,en",
      "webgl.force-enabled": true,
    },
  });
  return {
    version: (await browser.version()).replace(/^\w+\//, ""),
    async newPage() {
      const context = await browser.createBrowserContext();
      return pageDriver(await context.newPage(), () => context.close());
    },
    close: () => browser.close(),
  };
};

function pageDriver(page: Page, close: () => Promise<void>): PageDriver {
  const problems: string[] = [];
  page.on("console", (message: ConsoleMessage) => {
    const kind = message.type();
    if (kind === "error" || kind === "warn") problems.push(`${kind}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${(error as Error).message}`));
  page.on("requestfailed", (request) => problems.push(`failed: ${request.url()}`));
  page.setDefaultTimeout(0);
  return {
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    evaluate: async (expression) =>
      ((await page.evaluate(expression)) as string | null | undefined) ?? undefined,
    moveMouse: (x, y) => page.mouse.move(x, y),
    pressMouse: () => page.mouse.down(),
    releaseMouse: () => page.mouse.up(),
    pressKey: (key) => page.keyboard.press((key === "Space" ? " " : key) as KeyInput),
    resize: (width, height) => page.setViewport({ width, height }),

    problems: async () => problems,
    close,
  };
}
