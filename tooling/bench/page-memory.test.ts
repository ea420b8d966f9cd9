import { expect, it } from "vitest";
import { allEngines } from "../browser/engines.ts";
import { describeEngines } from "../browser/page-tests.ts";
import { measure } from "./claims/page-memory.mjs";

describeEngines("a large model in a page", ["chromium"], () => {
  it.runIf(allEngines)(
    "is in JavaScript's memory once while it loads, and not afterwards",
    async () => {
      const rows = (await measure({ quick: true })) as { pass?: boolean }[];
      expect(rows).toHaveLength(2);
      expect(rows.filter(({ pass }) => !pass)).toEqual([]);
    },
    180_000,
  );
});
