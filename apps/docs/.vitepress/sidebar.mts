import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { DefaultTheme } from "vitepress/theme";

/** The pages of a folder, such as `zh/guide/`, sorted by the `order` in their frontmatter. */
export function folderSidebar(docs: URL, name: string): DefaultTheme.SidebarItem[] {
  const folder = new URL(name, docs);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".md"))
    .map((file) => {
      const text = readFileSync(new URL(file, folder), "utf8");
      const [, order] = /^order: *(\d+)$/m.exec(text) ?? [];
      if (!order) throw new Error(`${name}${file} needs an "order" in its frontmatter`);
      return { order: Number(order), text: titleOf(text), link: `/${name}${file}` };
    })
    .sort((a, b) => a.order - b.order)
    .map(({ text, link }) => ({ text, link }));
}

/** The reference pages of typedoc: packages from the lowest floor up, with their members. */
export function referenceSidebar(docs: URL): DefaultTheme.SidebarItem[] {
  const list = new URL("reference/typedoc-sidebar.json", docs);
  if (!existsSync(list)) return [];
  const packages: DefaultTheme.SidebarItem[] = JSON.parse(readFileSync(list, "utf8"));
  // typedoc groups a package's members by kind. One list is enough here.
  const items = packages.map((item) => ({
    ...item,
    items: item.items?.flatMap((group) => group.items ?? [group]),
  }));
  return [{ text: "Packages", link: "/reference/", items }];
}

const titleOf = (text: string): string => /^# (.*)$/m.exec(text)?.[1] ?? "";
