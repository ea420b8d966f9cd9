/*
 * llms.txt and llms-full.txt: what the site has, as text for programs that read it for their users
 * (https://llmstxt.org). Both are written from the pages.
 */

export interface TextPage {
  /** The path of the markdown file, such as `lessons/ddim.md`. */
  readonly page: string;
  readonly title: string;
  readonly description: string;
  readonly order: number;
  readonly address: string;
  readonly source: string;
}

const sections: readonly [title: string, pages: RegExp][] = [
  ["Book", /^lessons\//],
  ["How-to", /^guide\//],
  // The entry points alone: their pages lead to their symbols.
  ["Reference", /^reference\/[\w-]+(\/index)?\.md$/],
  ["中文", /^zh\/(lessons|guide)\//],
];

const inOrder = (pages: readonly TextPage[], which: RegExp) =>
  pages
    .filter(({ page }) => which.test(page))
    .sort((a, b) => a.order - b.order || (a.page < b.page ? -1 : 1));

/** The list of the pages with their descriptions. */
export function llmsText(pages: readonly TextPage[]): string {
  const home = pages.find(({ page }) => page === "index.md");
  const lists = sections.map(([title, which]) => {
    const lines = inOrder(pages, which).map(
      ({ title, address, description }) => `- [${title}](${address}): ${description}`,
    );
    return `## ${title}\n\n${lines.join("\n")}\n`;
  });
  return [`# gen\n\n> ${home?.description}\n`, ...lists].join("\n");
}

/** The text of the book and the guide in English. */
export const llmsFullText = (pages: readonly TextPage[]): string =>
  sections
    .slice(0, 2)
    .flatMap(([, which]) => inOrder(pages, which))
    .map(({ address, source }) => `<!-- ${address} -->\n\n${markdownOf(source)}\n`)
    .join("\n");

/** A page's markdown without its frontmatter and its components. */
export function markdownOf(source: string): string {
  let fence = "";
  const lines = source
    .replace(/^---\n[\s\S]*?\n---\n/, "")
    .split("\n")
    .map((line) => {
      const [ticks = ""] = /^(`{3,})/.exec(line) ?? [];
      const isInside = fence !== "";
      if (isInside ? line === fence : ticks !== "") fence = isInside ? "" : ticks;
      if (isInside || ticks !== "") return line;
      return line
        .replace(/ \{#[\w-]+\}$/, "")
        .replace(/\\htmlClass\{[^}]*\}/g, "")
        .replace(/<\/?(?:[A-Z]\w*|template|script|style)\b(?:"[^"]*"|[^">])*>/g, "");
    });
  return lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
