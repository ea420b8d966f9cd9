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

/** The packages of a reference, `reference/` or `zh/reference/`, with the pages of their groups. */
export function referenceSidebar(docs: URL, name: string): DefaultTheme.SidebarItem[] {
  const list = new URL(`${name}sidebar.json`, docs);
  return existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
}

const titleOf = (text: string): string => /^# (.*)$/m.exec(text)?.[1] ?? "";
