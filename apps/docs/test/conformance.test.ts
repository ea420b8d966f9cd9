import { readFileSync } from "node:fs";
import { expect, it, test } from "vitest";
import { otherDifferences } from "../../../tooling/pages/conformance-differences.ts";
import {
  conformanceParts,
  filesOf,
  measured,
  versionsIn,
} from "../../../tooling/pages/conformance-page.ts";
import { conformanceRows } from "../../../tooling/pages/conformance-rows.ts";
import { pythaeParts } from "../../../tooling/pages/pythae-page.ts";
import { expectParts, languages, pageText } from "../../../tooling/pages/written-parts.ts";

/*
 * The pages "Conformance" and "From pythae". GEN_WRITE_PAGES=1 writes the parts that come from the
 * reference files.
 */

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const rows = Object.values(conformanceRows).flat();

it.each(languages)("the page has the tables of $language", ({ language, prefix }) => {
  expectParts(`${prefix}guide/conformance.md`, conformanceParts(language));
});

it.each(languages)("the page on pythae has the tables of $language", ({ language, prefix }) => {
  expectParts(`${prefix}guide/migrate-pythae.md`, pythaeParts(language));
});

it.each(rows)("$what.en: the test has the tolerance, and the files their versions", (row) => {
  const { cases, versions } = measured(row);
  expect(cases).toBeGreaterThan(0);
  expect(versions).not.toEqual([]);
  const source = read(row.test);
  expect(source).toContain(row.within ?? "toEqual");
  for (const [number] of row.unit?.en.matchAll(/\d+e-\d+/g) ?? []) expect(source).toContain(number);
});

test("each file of reference values with its provenance is in a row", () => {
  const listed = new Set(rows.flatMap(({ files }) => files.flatMap(filesOf)));
  const all = [
    "packages/*/test/reference/*.json",
    "packages/*/test/reference/*/*.json",
    "packages/*/test/reference/*/*.json.gz",
    "tooling/fixtures/*.json",
    "tooling/fixtures/folders/*/golden*.json",
  ].flatMap(filesOf);
  expect(all.length).toBeGreaterThan(100);
  const hasProvenance = (file: string) =>
    file.endsWith(".gz") || /"(provenance|source|versions)"/.test(read(file));
  const vocabulary = /tokenizers\/.*\/|tokenizer\.json\.gz$/;
  expect(
    all.filter((file) => !listed.has(file) && !vocabulary.test(file) && hasProvenance(file)),
  ).toEqual([]);
});

test("a version is read where a file names it", () => {
  expect(versionsIn('"diffusers": "0.39.0", "torch": "2.15.0+cu132"')).toEqual([
    "diffusers 0.39.0",
    "PyTorch 2.15.0",
  ]);
  expect(versionsIn("openai/guided-diffusion 22e0df8183507e13a7813f8d38d51b072ca1e67c")).toEqual([
    "guided-diffusion 22e0df8",
  ]);
  expect(versionsIn("no library")).toEqual([]);
});

it.each(otherDifferences)("$library: $source says so", ({ source, says }) => {
  expect(read(source).replace(/\n \* /g, " ")).toContain(says);
});

test("the page counts the differences of scheduler classes", () => {
  const differences = JSON.parse(read("apps/docs/.vitepress/differences.generated.json"));
  for (const { prefix } of languages)
    expect(pageText(`${prefix}guide/conformance.md`)).toContain(` ${differences.length} `);
});
