import { afterAll, beforeAll, describe, it } from "vitest";
import {
  browserPath,
  openBrowser,
  type Scenarios,
  type TestBrowser,
  type TestPage,
} from "./open-browser.ts";

const noBrowser = "needs a browser: set GEN_BROWSER to the path of a Chromium";

/** For one test file: tests in pages that run `main.ts` of a folder, which leaves `scenarios` on the page. */
export function pageTests<S extends Scenarios>(
  page: URL,
  folders?: Readonly<Record<string, string>>,
) {
  let browser: TestBrowser<S> | undefined;
  return {
    /** Tests that share a page of their own; one test that is skipped where there is no browser. */
    inBrowser(
      name: string,
      kind: { isolated: boolean },
      tests: (page: () => TestPage<S>) => void,
    ): void {
      describe(name, () => {
        if (!browserPath) {
          it.skip(noBrowser, () => {});
          return;
        }
        let open: TestPage<S>;
        beforeAll(async () => {
          browser ??= await openBrowser<S>(page, folders);
          open = await browser.open(kind);
        });
        afterAll(() => open?.close());
        tests(() => open);
      });
    },
    /** To be called once in a file that has such tests. */
    closesBrowser(): void {
      afterAll(() => browser?.close());
    },
  };
}
