import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MarkdownRenderer } from "vitepress";
import type { Section } from "./search-index.ts";
import { topics } from "./topics.ts";

type Token = ReturnType<MarkdownRenderer["parse"]>[number];

/** The longest excerpt, in Latin letters. A Chinese character counts as two. */
const LONGEST = 92;

/** What opens a heading, which is a section's title, or the head of a table's column. */
const untold: ReadonlySet<string | undefined> = new Set(["heading_open", "th_open"]);

/**
 * The sections of the pages, in the order of `files`, which are paths in the folder `docs`. A flag
 * that several commands describe in the same words is one section, that of the first command.
 */
export function sectionsOf(
  docs: string,
  files: readonly string[],
  md: Pick<MarkdownRenderer, "parse">,
): Section[] {
  const flags = new Set<string>();
  return files
    .flatMap((file) => pageSections(file, readFileSync(join(docs, file), "utf8"), md))
    .filter(({ id, title, text }) => {
      if (!/^(zh\/)?cli\//.test(id) || !title.startsWith("--")) return true;
      const flag = `${title}\n${text}`;
      return !flags.has(flag) && flags.add(flag);
    });
}

function pageSections(
  file: string,
  source: string,
  md: Pick<MarkdownRenderer, "parse">,
): Section[] {
  const body = source.replace(/^---\n[\s\S]*?\n---\n/, "");
  const tokens = md.parse(body, { path: file, relativePath: file });
  const page = file.replace(/\.md$/, "");
  const sections: Section[] = [];
  const parents: string[] = [];
  let parts: string[] = [];
  let code: string[] = [];
  const end = () => {
    const section = sections.at(-1);
    if (section) {
      const text = parts.join(" ").replace(/\s+/g, " ").trim();
      const names = [...new Set(code)].join(" ");
      // The Chinese reference has English descriptions. They are in the index once, for both pages.
      const isTwin = page.startsWith("zh/reference/") && isEnglish(text);
      const own = { text, code: names, excerpt: shorten(text) };
      const last = isTwin ? section : { ...section, ...own };
      sections[sections.length - 1] = last;
    }
    parts = [];
    code = [];
  };
  for (const [i, token] of tokens.entries()) {
    if (token.type === "heading_open") {
      end();
      const level = Number(token.tag.slice(1));
      const title = inlineText(tokens[i + 1]);
      parents.splice(level - 1, parents.length, title);
      const anchor = level === 1 ? "" : `#${token.attrGet("id") ?? ""}`;
      const titles = parents.slice(0, -1).filter(Boolean);
      const about = level === 1 ? (topics[page.replace(/^zh\//, "")] ?? "") : "";
      const id = page + anchor;
      sections.push({ id, title, titles, topics: about, text: "", code: "", excerpt: "" });
    } else if (token.type === "inline" && !untold.has(tokens[i - 1]?.type)) {
      parts.push(inlineText(token));
    } else if (token.type === "fence") {
      code.push(...namesOf(token));
    }
  }
  end();
  return sections.filter(({ title }) => title !== "");
}

/** The text of a paragraph or a heading, with short formulas. */
function inlineText(token: Token): string {
  const texts = (token.children ?? []).map(({ type, content }) => {
    if (type === "text" || type === "code_inline") return content;
    if (type.startsWith("math")) return plainFormula(content);
    return type.endsWith("break") ? " " : "";
  });
  return texts
    .join("")
    .replace(/[\u200b\u00ad]|&(ZeroWidthSpace|#8203);/g, "")
    .trim();
}

const greek = { alpha: "α", beta: "β", epsilon: "ε", varepsilon: "ε", sigma: "σ", mu: "μ" };
const otherGreek = { theta: "θ", phi: "φ", lambda: "λ", eta: "η", gamma: "γ", tau: "τ" };
const letters: Readonly<Record<string, string>> = { ...greek, ...otherGreek };

/** A formula as text if it is only letters, such as `x_0`. Others are left out. */
function plainFormula(formula: string): string {
  const text = formula
    .replace(/\\htmlClass\{[^}]*\}/g, "")
    .replace(/\\([a-z]+) ?/g, (command, name) => letters[name] ?? command)
    .replace(/[{}]/g, "");
  return /\\|\s/.test(text) ? "…" : text;
}

/** What a reader may look for in code: the names that it imports, and commands. */
function namesOf({ info, content }: Token): string[] {
  if (/^console/.test(info)) {
    return Array.from(content.matchAll(/^\$ (.*)$/gm), ([, command]) => command);
  }
  return Array.from(content.matchAll(/^import (?:type )?\{([^}]*)\}/gm), ([, names]) =>
    names.replace(/,|\btype\b/g, " "),
  ).flatMap((names) => names.split(/\s+/));
}

/** Whether a text is English but for the headings of tables. */
const isEnglish = (text: string) =>
  text.replace(/\P{Script=Han}+/gu, "").length < Math.max(12, text.length / 20);

function shorten(text: string): string {
  let width = 0;
  let end = 0;
  for (const letter of text) {
    width += /\p{Script=Han}/u.test(letter) ? 2 : 1;
    if (width > LONGEST) {
      const cut = text.slice(0, end);
      const whole = /\w$/.test(cut) ? cut.replace(/ [^ ]*$/, "") : cut;
      return `${whole.replace(/[\s….]+$/, "")}…`;
    }
    end += letter.length;
  }
  return text;
}
