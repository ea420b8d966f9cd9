import { readdirSync, readFileSync } from "node:fs";
import katex from "katex";
import { latexOf } from "../ascii-formula.mts";
import { plainText } from "../plain-text.mts";

const docs = new URL("../../", import.meta.url);
const root = new URL("../../", docs);

/** A lesson, from its page. */
export interface Lesson {
  readonly link: string;
  readonly title: string;
  readonly order: number;
  /** The first paragraph: the lesson's question. */
  readonly question: string;
  /** The numbers of the tutorial's formulas that it covers. */
  readonly formulas: readonly number[];
}

/** A displayed formula of the tutorial. */
export interface Formula {
  readonly number: number;
  /** The formula in plain text, without its remark. */
  readonly formula: string;
  /** What stands after the formula, such as "one z for each x". */
  readonly remark: string;
  /** Where the tutorial slips, and what is right. Empty if it does not. */
  readonly slip: readonly SlipPart[];
}

/** A piece of the text of a slip: words, code, or a formula with its HTML. */
export interface SlipPart {
  readonly text: string;
  readonly kind: "words" | "code" | "formula";
  readonly html: string;
}

export interface Book {
  readonly lessons: readonly Lesson[];
  readonly formulas: readonly Formula[];
}

function lessonsOf(prefix: "" | "zh/"): Lesson[] {
  const folder = new URL(`${prefix}lessons/`, docs);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md") && name !== "index.md")
    .map((name) => {
      const text = readFileSync(new URL(name, folder), "utf8");
      const [, head, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? ["", "", ""];
      const [, numbers = ""] = /^formulas: *\[([\d, ]*)\]$/m.exec(head) ?? [];
      const [, title = "", question = ""] = /^# (.*)\n\n([^\n]*)/m.exec(body) ?? [];
      return {
        link: `/${prefix}lessons/${name.replace(/\.md$/, "")}`,
        title,
        question: plainText(question),
        order: Number(/^order: *(\d+)$/m.exec(head)?.[1]),
        formulas: numbers.split(",").filter(Boolean).map(Number),
      };
    })
    .sort((a, b) => a.order - b.order);
}

function formulasOf(suffix: "" | ".zh"): Formula[] {
  const text = readFileSync(new URL(`docs/tutorial-map${suffix}.md`, root), "utf8");
  return [...text.matchAll(/^\| (\d+) \|(.*)\|$/gm)].map(([, number, rest]) => {
    const cells = rest.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
    const [, formula = "", remark = ""] = /^`(.*?)(?:, (one .*))?`$/.exec(cells[0]) ?? [];
    return { number: Number(number), formula, remark, slip: cells[3].split("`").map(slipPart) };
  });
}

/** Every second piece stands in backticks. Names of functions are code, the rest is mathematics. */
function slipPart(text: string, i: number): SlipPart {
  if (i % 2 === 0) return { text, kind: "words", html: "" };
  if (/[a-z][A-Z]|^\.|\)\./.test(text)) return { text, kind: "code", html: "" };
  return { text, kind: "formula", html: htmlOf(text).join("") };
}

/** The HTML of each part of a formula. The reader of a screen gets the plain text instead. */
const htmlOf = (formula: string): string[] =>
  latexOf(formula).map((tex) => katex.renderToString(tex, { output: "html", throwOnError: true }));

interface BookData {
  readonly en: Book;
  readonly zh: Book;
  /** The HTML of each formula's parts by its number: the same in both languages. */
  readonly html: Readonly<Record<number, readonly string[]>>;
}

declare const data: BookData;

export { data };

/** The lessons and the tutorial's formulas in both languages. */
export default {
  watch: ["../../lessons/*.md", "../../zh/lessons/*.md"],
  load(): BookData {
    const formulas = formulasOf("");
    return {
      en: { lessons: lessonsOf(""), formulas },
      zh: { lessons: lessonsOf("zh/"), formulas: formulasOf(".zh") },
      html: Object.fromEntries(formulas.map(({ number, formula }) => [number, htmlOf(formula)])),
    };
  },
};
