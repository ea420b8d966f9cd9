import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import loader, { sectionsOf } from "../.vitepress/theme/bench.data.ts";
import { chineseTitles } from "../.vitepress/theme/bench-titles.ts";

const text = readFileSync(new URL("../../../bench/RESULTS.md", import.meta.url), "utf8");
const sections = loader.load();
const rows = sections.flatMap(({ rows }) => rows);
const occurrences = (pattern: RegExp) => text.match(pattern)?.length ?? 0;

test("the page has each section and each row of bench/RESULTS.md, its misses and its ratios", () => {
  expect(sections).toHaveLength(occurrences(/^## /gm));
  // Two lines of each section's table are its head.
  expect(rows).toHaveLength(occurrences(/^\| /gm) - 2 * sections.length);
  const of = (result: string) => rows.filter((row) => row.result === result).length;
  expect(of("miss")).toBe(occurrences(/\| \*\*miss\*\* \|$/gm));
  expect(of("pass")).toBe(occurrences(/\| pass \|$/gm));
  expect(rows.filter(({ ratio }) => /^[\d.]+x$/.test(ratio))).toHaveLength(
    occurrences(/\| [\d.]+x \| [^|]* \| [^|]* \|$/gm),
  );
  expect(sections.filter(({ busy }) => busy)).toHaveLength(
    occurrences(/^- \*\*the machine was busy/gm),
  );
  for (const { conditions, id } of sections) {
    expect(conditions).toMatch(/^\d{4}-\d\d-\d\d; .*; commit \w{7}/);
    // The page says so of all machines.
    expect(conditions).toContain(", 2 cores");
    expect(id).toMatch(/^[a-z0-9-]+$/);
  }
  expect(new Set(sections.map(({ id }) => id)).size).toBe(sections.length);
});

test("each section has a Chinese title, and no title is left over", () => {
  expect(Object.keys(chineseTitles).sort()).toEqual(sections.map(({ title }) => title).sort());
});

test("a loss is a loss, whichever way the ratio goes", () => {
  const row = (ratio: string, target: string) =>
    `| step | 2 ms | peer: 3 ms | ${ratio} | ${target} | pass |`;
  const [{ rows }] = sectionsOf(
    [
      "## Title",
      "| work | ours | peer | ratio | target | result |",
      "| --- | --- | --- | --- | --- | --- |",
      row("1.24x", ">= 1x as fast"),
      row("0.871x", ">= 0.8x as fast"),
      row("0.770x", "<= 1.15x"),
      row("1.14x", "<= 1.2x"),
      row("+0.5 %", "<= 1 %"),
    ].join("\n"),
  );
  expect(rows.map(({ behind }) => behind)).toEqual([false, true, false, true, false]);
  expect(() => sectionsOf("## Title\n| head |\n| --- |\n| too | few |")).toThrow("6 cells");
});
