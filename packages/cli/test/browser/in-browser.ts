import { fileURLToPath } from "node:url";
import { pageTests } from "../../../../tooling/browser/page-tests.ts";
import type { scenarios } from "./page/scenarios.ts";

/** Runs a scenario of the pages, which hold everything below the command. */
export const { inBrowser, closesBrowser } = pageTests<typeof scenarios>(
  new URL("./page/", import.meta.url),
  { "/reference/": fileURLToPath(new URL("../reference/", import.meta.url)) },
);
