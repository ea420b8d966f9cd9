import { pageTests } from "../../../../tooling/browser/page-tests.ts";
import type { scenarios } from "./page/scenarios.ts";

/** This package's tests in pages. */
export const { inBrowser, closesBrowser } = pageTests<typeof scenarios>(
  new URL("./page/", import.meta.url),
);
