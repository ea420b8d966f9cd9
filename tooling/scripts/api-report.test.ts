import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { expect, it } from "vitest";
import { apiReports, outdatedReports } from "./api-report.mjs";

const names = (paths: string[]) => paths.map((path) => basename(dirname(path)));

it("has a current report of each package's API", () => {
  const outdated = names(outdatedReports());
  const advice = "the API changed: npm run api writes the reports, which the review then shows";
  expect(outdated, advice).toEqual([]);
});

/** The packages whose report is outdated, with a text replaced in a declaration file. */
function outdatedAfter(file: string, from: string | RegExp, to: string): string[] {
  let replaced = false;
  const reports = apiReports((path) => {
    const text = readFileSync(path, "utf8");
    if (!path.endsWith(file)) return text;
    replaced ||= text.replace(from, to) !== text;
    return text.replace(from, to);
  });
  expect(replaced).toBe(true);
  return names(outdatedReports(reports));
}

it("sees a changed signature, and a field of a type that is not exported", () => {
  const interpolation = "ddim/dist/interpolate.d.ts";
  expect(outdatedAfter(interpolation, "weight: number", "weight: string")).toEqual(["ddim"]);
  const options = "model-files/dist/fetch-options.d.ts";
  expect(outdatedAfter(options, "timeout?: number", "timeout: number")).toEqual(["model-files"]);
});

it("ignores comments and the order of fields", () => {
  const options = "model-files/dist/fetch-options.d.ts";
  expect(outdatedAfter(options, /\/\*\*.*?\*\//gs, "")).toEqual([]);
  const swap = /(readonly loaded: number;)(.*)(readonly total\?: number;)/s;
  expect(outdatedAfter(options, swap, "$3$2$1")).toEqual([]);
});
