import { readdirSync, readFileSync } from "node:fs";
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
  readonly formula: string;
  /** Where the tutorial slips, and what is right. Empty if it does not. */
  readonly slip: string;
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
    return { number: Number(number), formula: cells[0].slice(1, -1), slip: cells[3] };
  });
}

declare const data: { readonly en: Book; readonly zh: Book };

export { data };

/** The lessons and the tutorial's formulas in both languages. */
export default {
  watch: ["../../lessons/*.md", "../../zh/lessons/*.md"],
  load: () => ({
    en: { lessons: lessonsOf(""), formulas: formulasOf("") },
    zh: { lessons: lessonsOf("zh/"), formulas: formulasOf(".zh") },
  }),
};
