import { expect, test } from "vitest";
import { llmsFullText, llmsText, markdownOf } from "../.vitepress/llms.mts";
import { checkDescriptions, descriptionOf } from "../.vitepress/metadata.mts";

const page = (relativePath: string, title = "", frontmatter = {}) => ({
  relativePath,
  title,
  frontmatter,
});

test("a page's description is its frontmatter's, or its first paragraph as plain text", () => {
  const source = `---\norder: 1\n---\n\n# Title\n\n\`\`\`ts\n// code\n\`\`\`\n\n<Figure name="x" />\n\nThe *first* [link](./a.md) has $x_0$ and \`code\`.\n\nMore.`;
  expect(descriptionOf(page("guide/a.md"), source)).toBe("The first link has x_0 and code.");
  expect(descriptionOf(page("guide/a.md", "", { description: "Own." }), source)).toBe("Own.");
  expect(descriptionOf(page("guide/a.md"), "# Only a title")).toBe("");
});

test("a long description ends with a whole sentence, also in Chinese", () => {
  const sentence = "It has v1.2 of some words that are here. ";
  const long = descriptionOf(page("guide/a.md"), sentence.repeat(9));
  expect(long).toBe(sentence.repeat(4).trim());
  expect(descriptionOf(page("zh/guide/a.md"), "一句话有十个字长。".repeat(40))).toMatch(
    /^(一句话有十个字长。){22}$/,
  );
});

test("a symbol's description names it, so that no two are equal", () => {
  const text = "# kl\n\nThe divergence.";
  expect(descriptionOf(page("reference/math/kl.md", "kl"), text)).toBe(
    "kl, @gen/math/kl: The divergence.",
  );
  expect(descriptionOf(page("zh/reference/ddim.md", "@gen/ddim"), "# @gen/ddim")).toBe("@gen/ddim");
});

test("a missing or doubled description stops the build, with the pages' names", () => {
  const one = { page: "a.md", description: "A" };
  expect(() => checkDescriptions([one, { page: "zh/a.md", description: "A" }])).not.toThrow();
  expect(() => checkDescriptions([one, { page: "b.md", description: "A" }])).toThrow(
    "b.md and a.md have the same description",
  );
  expect(() => checkDescriptions([{ page: "c.md", description: "" }])).toThrow(
    "c.md has no description",
  );
});

test("the text of a page has no frontmatter, components or marks, and all of its code", () => {
  const source = `---\norder: 1\n---\n# T\n\n## Part {#part}\n\n<LessonFigure name="x" shows="a > b" />\n\n$y = \\htmlClass{letter-x0}{x_0}$\n\n\`\`\`ts\nconst a: Array<Map> = f<T>(); // <LessonFigure>\n\`\`\`\n`;
  expect(markdownOf(source)).toBe(
    "# T\n\n## Part\n\n$y = {x_0}$\n\n```ts\nconst a: Array<Map> = f<T>(); // <LessonFigure>\n```",
  );
});

test("llms.txt lists the pages in their order, llms-full.txt has the English text", () => {
  const pages = [
    ["index.md", "gen", 1],
    ["lessons/b.md", "B", 2],
    ["lessons/a.md", "A", 1],
    ["guide/c.md", "C", 1],
    ["reference/math.md", "@gen/math", 1],
    ["reference/math/kl.md", "kl", 1],
    ["zh/guide/c.md", "丙", 1],
  ].map(([page, title, order]) => ({
    page: String(page),
    title: String(title),
    order: Number(order),
    description: `About ${title}.`,
    address: `/${page}`,
    source: `# ${title}`,
  }));
  expect(llmsText(pages)).toBe(
    `# gen

> About gen.

## Book

- [A](/lessons/a.md): About A.
- [B](/lessons/b.md): About B.

## How-to

- [C](/guide/c.md): About C.

## Reference

- [@gen/math](/reference/math.md): About @gen/math.

## 中文

- [丙](/zh/guide/c.md): About 丙.
`,
  );
  expect(llmsFullText(pages).match(/^# .*$/gm)).toEqual(["# A", "# B", "# C"]);
});
