import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { spread, threeDigits, timesAsFast } from "./measure.mjs";

const columns = ["work", "ours", "peer", "ratio", "target", "result"];

/**
 * The row of a speed. `peer` contains the blocks of the peer `name`. Without `peer`, `name` is the
 * reason.
 */
export function speedRow({ work, ours, peer, name, target, note }) {
  const ratio = peer && timesAsFast(ours, peer);
  return {
    work,
    ours: spread(ours.flat()),
    peer: peer ? `${name}: ${spread(peer.flat())}` : name,
    target: `>= ${target}x as fast`,
    note,
    ...(peer && { ratio: `${threeDigits(ratio)}x`, pass: ratio >= target }),
  };
}

const verdict = ({ pass, target }) =>
  pass === undefined ? (target ? "not measured" : "") : pass ? "pass" : "**miss**";

/** A section of bench/RESULTS.md. */
export function sectionText({ title, rows, about }) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    `## ${title}\n`,
    line(columns),
    line(columns.map(() => "---")),
    ...rows.map((row) =>
      line(columns.map((c) => (c === "result" ? verdict(row) : (row[c] ?? "")))),
    ),
    "",
    ...about.map((each) => `- ${each}`),
    ...rows.filter(({ note }) => note).map(({ work, note }) => `- ${work}: ${note}`),
  ].join("\n");
}

/** Writes or replaces a section of the file. `order` lists all titles. */
export function writeSection(file, section, order) {
  const parts = existsSync(file) ? readFileSync(file, "utf8").split(/^(?=## )/m) : ["# Benchmarks"];
  const [head, ...sections] = parts.map((part) => part.trim());
  const stored = new Map(sections.map((part) => [part.slice(3).split("\n")[0], part]));
  stored.set(section.title, sectionText(section));
  const known = order.filter((title) => stored.has(title)).map((title) => stored.get(title));
  writeFileSync(file, `${[head, ...known].join("\n\n")}\n`);
}
