// @ts-check
// The groups: one page of the reference each, written by hand as `symbols/ENTRY/SLUG.md`. The head says
// which symbols the page describes, the body says what they are for and shows an example.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { docsFolder } from "./packages.mjs";

export const symbolsFolder = join(docsFolder, "symbols");

/**
 * @typedef {object} Group
 * @property {string} path the file's path in `symbols/`, for messages
 * @property {string} entry the folder of its entry point: `graph-onnx` for `@gen/graph/onnx`
 * @property {string} slug the page's address in that folder
 * @property {string} title
 * @property {string} titleZh
 * @property {number} order its place in the sidebar; groups without one follow by name
 * @property {string[]} symbols the exported names
 * @property {string[]} lessons file names of lessons, or none
 * @property {string[]} tests paths from the repository's root
 * @property {boolean} formula whether the body has a formula
 * @property {string} body
 * @property {string} [bodyZh] the body in Chinese, from `SLUG.zh.md`
 * @property {string[]} missing the fields that the head lacks
 */

/** The folder of an entry point in `symbols/` and `reference/`. @param {string} name */
export const folderOf = (name) => name.replace("@gen/", "").replaceAll("/", "-");

/** All groups, each entry point's in the order of its sidebar. @returns {Group[]} */
export function readGroups(folder = symbolsFolder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).filter((e) => e.isDirectory());
  return entries.flatMap(({ name: entry }) => {
    const files = readdirSync(join(folder, entry)).filter((file) => file.endsWith(".md"));
    const alone = files.find((file) => !files.includes(file.replace(/\.zh\.md$/, ".md")));
    if (alone) throw new Error(`symbols/${entry}/${alone} has no English page beside it`);
    return files
      .filter((file) => !file.endsWith(".zh.md"))
      .map((file) => {
        const twin = join(folder, entry, file.replace(/md$/, "zh.md"));
        const text = readFileSync(join(folder, entry, file), "utf8");
        const chinese = existsSync(twin) ? readFileSync(twin, "utf8") : undefined;
        return parseGroup(entry, file.replace(/\.md$/, ""), text, chinese);
      })
      .sort((a, b) => a.order - b.order || (a.slug < b.slug ? -1 : 1));
  });
}

/**
 * Reads a group file and its Chinese twin.
 *
 * @param {string} entry @param {string} slug @param {string} text @param {string} [chinese]
 * @returns {Group}
 */
export function parseGroup(entry, slug, text, chinese) {
  const path = `${entry}/${slug}.md`;
  const { head, body } = splitHead(text);
  const required = ["title", "titleZh", "symbols", "lesson", "tests", "formula"];
  const list = (/** @type {string} */ key) => listOf(head[key]);
  return {
    path,
    entry,
    slug,
    title: head.title ?? slug,
    titleZh: head.titleZh ?? head.title ?? slug,
    order: Number(head.order ?? Infinity),
    symbols: list("symbols"),
    lessons: list("lesson").filter((name) => name !== "none"),
    tests: list("tests"),
    formula: head.formula === "yes",
    body,
    bodyZh: chinese === undefined ? undefined : splitHead(chinese).body,
    missing: required.filter((key) => !head[key] || head[key] === "[]"),
  };
}

/** The fields `key: value` above a page's body. @param {string} text */
function splitHead(text) {
  const [all, fields] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? ["", ""];
  /** @type {Record<string, string>} */
  const head = {};
  for (const line of fields.split("\n")) {
    const [, key, value] = /^(\w+): *(.*?)(?: +#.*)?$/.exec(line) ?? [];
    if (key) head[key] = value.replace(/^"(.*)"$/, "$1");
  }
  return { head, body: text.slice(all.length).trim() };
}

/** `[a, b]` or `a` as a list. @param {string} [value] */
const listOf = (value = "") =>
  value
    .replace(/^\[|\]$/g, "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
