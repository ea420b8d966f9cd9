import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { DefaultTheme } from "vitepress/theme";

interface PageLink {
  readonly order: number;
  readonly group: string;
  readonly text: string;
  readonly link: string;
}

/** The pages of a folder, such as `zh/guide/`, sorted by the `order` in their frontmatter. */
function pagesOf(docs: URL, name: string): PageLink[] {
  const folder = new URL(name, docs);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".md"))
    .map((file) => {
      const text = readFileSync(new URL(file, folder), "utf8");
      const [, order] = /^order: *(\d+)$/m.exec(text) ?? [];
      if (!order) throw new Error(`${name}${file} needs an "order" in its frontmatter`);
      const [, group = ""] = /^group: *(\w+)$/m.exec(text) ?? [];
      return { order: Number(order), group, text: titleOf(text), link: `/${name}${file}` };
    })
    .sort((a, b) => a.order - b.order);
}

/** The pages of a folder in one list. */
export const folderSidebar = (docs: URL, name: string): DefaultTheme.SidebarItem[] =>
  pagesOf(docs, name).map(({ text, link }) => ({ text, link }));

/**
 * The pages of a folder under the headings of their `group` in the frontmatter. `headings` names the
 * groups in their order; pages without a group belong to the last one. The quickstart comes first.
 */
export function groupedSidebar(
  docs: URL,
  name: string,
  headings: Readonly<Record<string, string>>,
): DefaultTheme.SidebarItem[] {
  const groups = Object.keys(headings);
  const pages = pagesOf(docs, name);
  const unknown = pages.find(({ group }) => group !== "" && !groups.includes(group));
  if (unknown) throw new Error(`${unknown.link}: group must be one of ${groups.join(", ")}`);
  const isFirst = ({ link }: PageLink) => link.endsWith("/quickstart.md");
  const linksOf = (of: readonly PageLink[]) => of.map(({ text, link }) => ({ text, link }));
  const sections = groups.map((group, i) => {
    const isLast = i === groups.length - 1;
    const own = pages.filter(
      (page) => !isFirst(page) && (page.group === group || (isLast && page.group === "")),
    );
    return { text: headings[group], items: linksOf(own) };
  });
  return [...linksOf(pages.filter(isFirst)), ...sections.filter(({ items }) => items.length > 0)];
}

/** The packages of a reference, `reference/` or `zh/reference/`, with the pages of their groups. */
export function referenceSidebar(docs: URL, name: string): DefaultTheme.SidebarItem[] {
  const list = new URL(`${name}sidebar.json`, docs);
  return existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
}

const titleOf = (text: string): string => /^# (.*)$/m.exec(text)?.[1] ?? "";
