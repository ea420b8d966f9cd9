import { expect, it } from "vitest";
import { exportedNames } from "./count-exports.mjs";

it("exports at most 577 names in all, and something from each entry point", () => {
  const names = exportedNames();
  for (const list of Object.values(names)) expect(list).not.toHaveLength(0);
  expect(names["@gen/ddim"]).toContain("ddimSteps");
  expect(Object.values(names).flat().length).toBeLessThanOrEqual(577);
}, 60_000);
