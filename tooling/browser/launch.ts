import { BrowserPage } from "./browser-page.ts";
import { bidi } from "./drivers/bidi.ts";
import { playwright } from "./drivers/playwright.ts";
import { webdriver } from "./drivers/webdriver.ts";
import { type Engine, enginePath } from "./engines.ts";
import type { Launch, LaunchOptions } from "./page-driver.ts";

/** A running browser. */
export interface Browser {
  readonly engine: Engine;
  readonly version: string;
  /** Opens a page that shares no storage with other pages. */
  newPage(): Promise<BrowserPage>;
  close(): Promise<void>;
}

/** Starts an engine's browser without a visible window. */
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

/** Playwright drives its own builds of each engine, and an installed Chromium. */
function launcher(engine: Engine, path: string): Launch {
  if (engine === "chromium" || /[\\/]ms-playwright[\\/]/.test(path)) return playwright(engine);
  return engine === "firefox" ? bidi : webdriver;
}
