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
  const names = [...text.matchAll(/^<!-- begin ([\w-]+) -->$/gm)].map(([, name]) => name);
  expect(names, `${path} has a place for each part`).toEqual(Object.keys(parts));
  const pieces = text.split(/(?<=^<!-- begin [\w-]+ -->\n)|(?=^<!-- end [\w-]+ -->$)/gm);
  const wanted = pieces.map((piece, i) => {
    const [, name] = /^<!-- begin ([\w-]+) -->\n$/m.exec(pieces[i - 1] ?? "") ?? [];
    return i % 2 === 1 && name !== undefined ? `\n${parts[name].trim()}\n\n` : piece;
  });
  if (process.env.GEN_WRITE_PAGES === "1") writeFileSync(new URL(path, docs), wanted.join(""));
  else expect(text, `GEN_WRITE_PAGES=1 writes ${path}`).toBe(wanted.join(""));
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
