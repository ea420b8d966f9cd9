import { BrowserPage } from "./browser-page.ts";
import { bidi } from "./drivers/bidi.ts";
import { playwright } from "./drivers/playwright.ts";
import { webdriver } from "./drivers/webdriver.ts";
import { type Engine, enginePath } from "./engines.ts";
import type { Launch, LaunchOptions } from "./page-driver.ts";

/** A running browser that opens pages. */
export interface Browser {
  readonly engine: Engine;
  readonly version: string;
  /** A page that shares nothing with the others. */
  newPage(): Promise<BrowserPage>;
  close(): Promise<void>;
}

/** Starts an engine's browser, without a window that anyone sees. */
export async function launch(engine: Engine, options: LaunchOptions = {}): Promise<Browser> {
  const path = enginePath(engine);
  const driver = await launcher(engine, path)(path, options);
  return {
    engine,
    version: driver.version,
    newPage: async () => new BrowserPage(engine, await driver.newPage()),
    close: () => driver.close(),
  };
}

/** Playwright drives its own builds of every engine; of installed browsers, Chromium alone. */
function launcher(engine: Engine, path: string): Launch {
  if (engine === "chromium" || /[\\/]ms-playwright[\\/]/.test(path)) return playwright(engine);
  return engine === "firefox" ? bidi : webdriver;
}
