import { afterAll, beforeAll, describe, it } from "vitest";
import { browserPath, openBrowser, type TestBrowser, type TestPage } from "./browser.ts";

const noBrowser = "needs a browser: set GEN_BROWSER to the path of a Chromium";
let browser: TestBrowser | undefined;

/** Tests that share a page of their own; one test that is skipped where there is no browser. */
export function inBrowser(
  name: string,
  kind: { isolated: boolean },
  tests: (page: () => TestPage) => void,
): void {
  describe(name, () => {
    if (!browserPath) {
      it.skip(noBrowser, () => {});
      return;
    }
    let page: TestPage;
    beforeAll(async () => {
      browser ??= await openBrowser();
      page = await browser.open(kind);
    });
    afterAll(() => page?.close());
    tests(() => page);
  });
}

/** To be called once in a file that has such tests. */
export function closesBrowser(): void {
  afterAll(() => browser?.close());
}
