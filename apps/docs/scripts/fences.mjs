// @ts-check
// Writes the TypeScript fences of the pages as modules, which tests run. `EXPRESSION; // => VALUE`
// becomes a check of the value to the digits shown. `EXPRESSION; // throws MESSAGE` becomes a check
// of the error.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const docs = dirname(dirname(fileURLToPath(import.meta.url)));
const root = join(docs, "..", "..");
const out = join(docs, ".fences");

/**
 * @typedef {object} Fence
 * @property {string} page the page's path from the repository's root
 * @property {number} line the page's line on which the code begins, from 1
 * @property {string} code the code of the page
 * @property {string} module the path of the module
 */

/** The paths of all markdown pages with code, from the repository's root. */
export function pages() {
  const guides = ["guide", "lessons", "zh/guide", "zh/lessons"].flatMap((folder) =>
    pagesIn(join("apps/docs", folder)),
  );
  // A group's Chinese twin has the same code, which the reference's checks compare.
  const symbols = readdirSync(join(docs, "symbols")).flatMap((entry) =>
    pagesIn(join("apps/docs/symbols", entry)).filter((name) => !name.endsWith(".zh.md")),
  );
  const readmes = readdirSync(join(root, "packages")).map((name) => `packages/${name}/README.md`);
  return [
    "README.md",
    ...readmes,
    "apps/docs/index.md",
    "apps/docs/zh/index.md",
    ...guides,
    ...symbols,
  ];
}

/** @param {string} folder */
function pagesIn(folder) {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".md"));
  return names.sort().map((name) => join(folder, name));
}

/**
 * The fences of a page's text in one language, by default TypeScript.
 *
 * @param {string} text
 * @param {string} [language]
 * @returns {{ line: number, code: string }[]}
 */
export function fencesOf(text, language = "ts") {
  const found = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const [, ticks, info] = /^(`{3,})(.*)$/.exec(lines[i]) ?? [];
    if (!ticks) continue;
    const end = lines.indexOf(ticks, i + 1);
    if (end < 0) throw new Error(`the fence on line ${i + 1} has no end`);
    const [, name] = /^(\w*)/.exec(info) ?? [];
    if ((name === "typescript" ? "ts" : name) === language) {
      found.push({ line: i + 2, code: lines.slice(i + 1, end).join("\n") });
    }
    i = end;
  }
  return found;
}

/** Turns the comments that show results into checks. @param {string} code */
export function withChecks(code) {
  return code
    .split("\n")
    .map((line) => {
      if (!/\/\/ (=>|throws)/.test(line)) return line;
      const [, indent, statement, kind, shown] =
        /^( *)(.*); \/\/ (=>|throws) (.+)$/.exec(line) ?? [];
      if (!statement || /^[)}\]]/.test(statement)) {
        throw new Error(`a result must follow a statement of one line, got: ${line.trim()}`);
      }
      const text = JSON.stringify(shown);
      if (kind === "throws") return `${indent}await __throws(async () => ${statement}, ${text});`;
      const [, name] = /^const (\w+)\b/.exec(statement) ?? [];
      if (name) return `${indent}${statement}; __shows(${name}, ${text});`;
      return `${indent}__shows(${statement}, ${text});`;
    })
    .join("\n");
}

/** Writes each fence as a module with the line numbers of its page. @returns {Fence[]} */
export function writeFences() {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  return pages().flatMap((page) =>
    fencesOf(readFileSync(join(root, page), "utf8")).map(({ line, code }) => {
      const module = join(out, `${page.replace(/\.md$/, "").replaceAll(/[\\/]/g, "-")}-${line}.ts`);
      const checks = relative(out, join(docs, "test", "fence-checks.ts")).replaceAll("\\", "/");
      const head = `import { __shows, __throws } from "${checks}"; void [__shows, __throws];`;
      const above = "\n".repeat(line - 1);
      writeFileSync(module, `${head}${above}${withChecks(code)}\nexport {};\n`);
      return { page, line, code, module };
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFences();
