// @ts-check
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * @typedef {object} Row
 * @property {string} work
 * @property {string} ours
 * @property {string} peer What it is beside, with its figure.
 * @property {string} [ratio]
 * @property {string} [target]
 * @property {boolean} [pass] Left out where there is no target or it could not be measured.
 * @property {string} [note]
 */
/** @typedef {{ title: string, rows: Row[], about: string[] }} Section */

const columns = ["work", "ours", "peer", "ratio", "target", "result"];

/** @param {Row} row */
export const verdict = ({ pass, target }) =>
  pass === undefined ? (target ? "not measured" : "") : pass ? "pass" : "**miss**";

/** @param {Section} section */
function sectionText({ title, rows, about }) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(" | ")} |`;
  const notes = rows.filter(({ note }) => note).map(({ work, note }) => `- ${work}: ${note}`);
  return [
    `## ${title}`,
    "",
    line(columns),
    line(columns.map(() => "---")),
    ...rows.map((row) =>
      line([row.work, row.ours, row.peer, row.ratio ?? "", row.target ?? "", verdict(row)]),
    ),
    "",
    ...about.map((each) => `- ${each}`),
    ...notes,
    "",
  ].join("\n");
}

const head = `# Benchmarks

Written by \`npm run bench\`, each section by its own run: ours and its peer take turns in blocks within one run, so
that what drifts on the machine hits both. Times are the median of all steps with the quartiles in brackets; a ratio is
the median, over the rounds, of peer by ours. A miss stays in the table. No GPU has been at hand so far: WebGPU is
tested on software adapters and not measured.
`;

/**
 * Puts sections into the file, in place of those of the same title.
 * @param {string} file
 * @param {readonly Section[]} sections
 * @param {readonly string[]} order All titles, as they come in the file.
 */
export function writeResults(file, sections, order) {
  const kept = new Map();
  if (existsSync(file)) {
    for (const part of readFileSync(file, "utf8")
      .split(/^(?=## )/m)
      .slice(1)) {
      kept.set(part.slice(3, part.indexOf("\n")), part);
    }
  }
  for (const section of sections) kept.set(section.title, sectionText(section));
  const parts = order.filter((title) => kept.has(title)).map((title) => kept.get(title).trimEnd());
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${[head.trimEnd(), ...parts].join("\n\n")}\n`);
}

/** The table as a terminal shows it. @param {Section} section */
export function printable({ title, rows, about }) {
  const lines = [title];
  for (const row of rows) {
    lines.push(`  ${row.work}`);
    const ratio = row.ratio ? `, ${row.ratio}` : "";
    const target = row.target ? ` (${row.target}): ${verdict(row).replaceAll("*", "")}` : "";
    lines.push(`    ours ${row.ours}; ${row.peer}${ratio}${target}`);
    if (row.note) lines.push(`    ${row.note}`);
  }
  return [...lines, ...about.map((each) => `  (${each})`), ""].join("\n");
}
