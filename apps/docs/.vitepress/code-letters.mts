import type { MarkdownOptions } from "vitepress";

type Transformer = NonNullable<MarkdownOptions["codeTransformers"]>[number];

/** The names of code that stand for a letter of a formula. */
const names: Readonly<Record<string, string>> = {
  x0: "x0",
  epsilon: "eps",
  eps: "eps",
  sigma: "eta",
  eta: "eta",
  z: "z",
};

/** Gives each name that stands for a letter the letter's class, in every fence. */
export const codeLetters: Transformer = {
  name: "code-letters",
  span(node) {
    const [child] = node.children;
    const letter = child?.type === "text" ? names[child.value.trim()] : undefined;
    if (letter) this.addClassToHast(node, `letter-${letter}`);
  },
};
