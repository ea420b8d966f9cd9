import {
  type Browser,
  type ConsoleMessage,
  type KeyInput,
  launch,
  type Page,
} from "puppeteer-core";
import type { Launch, PageDriver } from "../page-driver.ts";

/** Drives an installed Firefox over WebDriver BiDi. */
export const bidi: Launch = async (executablePath, options) => {
  const { colorScheme = "light", reducedMotion = false, forcedColors = false } = options;
  const browser = await launch({
    browser: "firefox",
    executablePath,
    headless: true,
    args: ["--remote-allow-system-access"],
    // No time limit here. Tests wait for long computations, and vitest has a limit.
    protocolTimeout: 0,
    // WebGL on a machine without a GPU: Mesa renders it, without a window system.
    env: { ...process.env, MOZ_WEBGL_FORCE_EGL: "1", LIBGL_ALWAYS_SOFTWARE: "1" },
    extraPrefsFirefox: {
      "ui.systemUsesDarkTheme": colorScheme === "dark" ? 1 : 0,
      "ui.prefersReducedMotion": reducedMotion ? 1 : 0,
      // 2 replaces the colors of pages.
      "browser.display.document_color_use": forcedColors ? 2 : 0,
      // As on a phone, and as in the other engines here: a scrollbar takes no place.
      "ui.useOverlayScrollbars": 1,
      "intl.accept_languages": "en-GB,en",
      "webgl.force-enabled": true,
    },
  });
  await unwatchWorkers(browser);
  return {
    version: (await browser.version()).replace(/^\w+\//, ""),
    async newPage() {
      const context = await browser.createBrowserContext();
      return pageDriver(await context.newPage(), () => context.close());
    },
    close: () => browser.close(),
  };
};

const listener =
  "chrome://remote/content/shared/js-process-actors/WebDriverWorkerListenerActor.sys.mjs";

/**
 * Ends WebDriver's watch on workers, which nothing here uses. While a debugger watches workers,
 * `new Worker` in a worker waits for the page's main thread. If that thread is busy, Firefox 153
 * wakes the new worker in place of the waiting one, which then hangs.
 */
async function unwatchWorkers(browser: Browser): Promise<void> {
  const { connection } = browser as unknown as { connection: Connection };
  const { result } = await connection.send("browsingContext.getTree", { "moz:scope": "chrome" });
  await connection.send("script.evaluate", {
    expression: `ChromeUtils.importESModule("${listener}").unregisterWebDriverWorkerListenerActor()`,
    target: { context: result.contexts[0].context },
    awaitPromise: false,
  });
}

/** WebDriver BiDi without puppeteer, which has no types for the browser's own windows. */
interface Connection {
  send(method: string, params: object): Promise<{ result: { contexts: { context: string }[] } }>;
}

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
