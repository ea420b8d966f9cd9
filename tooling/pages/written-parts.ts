import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

const docs = new URL("../../apps/docs/", import.meta.url);

/** The text of a page of the docs, such as `zh/cli/sample.md`. */
export const pageText = (path: string): string => readFileSync(new URL(path, docs), "utf8");

/**
 * Expects that the parts of a page between `<!-- begin NAME -->` and `<!-- end NAME -->` are these.
 * GEN_WRITE_PAGES=1 writes them instead.
 */
export function expectParts(path: string, parts: Readonly<Record<string, string>>): void {
  const text = pageText(path);
  const PART = /^(<!-- begin ([\w-]+) -->\n)[\s\S]*?^(<!-- end \2 -->)$/gm;
  const names = Array.from(text.matchAll(PART), ([, , name]) => name);
  expect([...names].sort(), `the parts of ${path}`).toEqual(Object.keys(parts).sort());
  const wanted = text.replace(
    PART,
    (_, begin, name, end) => `${begin}\n${parts[name].trim()}\n\n${end}`,
  );
  if (process.env.GEN_WRITE_PAGES === "1") writeFileSync(new URL(path, docs), wanted);
  else expect(text, `GEN_WRITE_PAGES=1 writes ${path}`).toBe(wanted);
}

/** A table in Markdown. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** The same thing in the languages of the docs. */
export type Bilingual<T = string> = { readonly en: T; readonly zh: T };

export type Language = keyof Bilingual;

export const languages: readonly { language: Language; prefix: "" | "zh/" }[] = [
  { language: "en", prefix: "" },
  { language: "zh", prefix: "zh/" },
];
