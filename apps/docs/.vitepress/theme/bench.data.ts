import { readFileSync } from "node:fs";

/** A row of a section of bench/RESULTS.md. */
export interface BenchRow {
  readonly work: string;
  readonly ours: string;
  /** The peer's name and its time, or why there is none. */
  readonly peer: string;
  /** The comparison as the file has it, such as `1.24x`; empty where nothing was compared. */
  readonly ratio: string;
  /** Whether the peer is ahead. */
  readonly behind: boolean;
  readonly target: string;
  readonly result: "pass" | "miss" | "not measured" | "";
}

export interface BenchSection {
  readonly title: string;
  /** The anchor of the section. */
  readonly id: string;
  readonly rows: readonly BenchRow[];
  /** The date, the machine and the commit. */
  readonly conditions: string;
  /** Whether others used the machine meanwhile. */
  readonly busy: boolean;
  readonly notes: readonly string[];
}

const file = new URL("../../../../bench/RESULTS.md", import.meta.url);

/**
 * A ratio with a target of `>=` is the peer's time by ours, so above 1 is better. With a target of
 * `<=` it is ours by the peer's, so below 1 is better.
 */
function isBehind(ratio: string, target: string): boolean {
  const value = /^[\d.]+x$/.test(ratio) ? Number(ratio.slice(0, -1)) : 1;
  return target.startsWith("<=") ? value > 1 : value < 1;
}

function rowOf(line: string): BenchRow {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
  const [, work, ours, peer, ratio, target, result] = cells;
  if (cells.length !== 8) throw new Error(`bench/RESULTS.md: a row must have 6 cells: ${line}`);
  const verdict = result.replaceAll("*", "") as BenchRow["result"];
  return {
    work,
    ours,
    peer,
    target,
    result: verdict,
    ratio,
    behind: isBehind(ratio, target),
  };
}

function sectionOf(text: string): BenchSection {
  const [title, ...lines] = text.trim().split("\n");
  const notes = lines.filter((line) => line.startsWith("- ")).map((line) => line.slice(2));
  const id = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return {
    title,
    id,
    rows: lines
      .filter((line) => line.startsWith("| "))
      .slice(2)
      .map(rowOf),
    conditions: notes[0] ?? "",
    busy: notes.some((note) => note.startsWith("**the machine was busy")),
    notes: notes.slice(1).map((note) => note.replaceAll("**", "")),
  };
}

/** The sections of a text such as bench/RESULTS.md. */
export const sectionsOf = (text: string): BenchSection[] =>
  text.split(/^## /m).slice(1).map(sectionOf);

declare const data: readonly BenchSection[];

export { data };

/** The sections of bench/RESULTS.md, which `npm run bench` writes. */
export default {
  watch: ["../../../../bench/RESULTS.md"],
  load: () => sectionsOf(readFileSync(file, "utf8")),
};
