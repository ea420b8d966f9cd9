import { existsSync, readFileSync } from "node:fs";
import type { MarkdownRenderer } from "vitepress";

/**
 * Resolves links to symbols. A page links to `/reference/ENTRY#symbol`, such as
 * `/reference/sampling#ddimsteps`, and need not know which group describes the symbol. A Chinese page leads
 * to the Chinese reference.
 */
export function referenceLinks(md: MarkdownRenderer, docs: URL): void {
  const list = new URL("reference/addresses.json", docs);
  const addresses = new Map<string, string>(
    existsSync(list) ? Object.entries(JSON.parse(readFileSync(list, "utf8"))) : [],
  );
  md.core.ruler.push("reference-links", ({ tokens, env }) => {
    const isChinese = String(env.relativePath ?? "").startsWith("zh/");
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === "link_open" ? token.attrGet("href") : null;
      if (!href?.startsWith("/reference/")) continue;
      const [page, name = ""] = href.split("#");
      const anchor = name.toLowerCase().replaceAll("_", "-");
      const address = addresses.get(`${page}#${anchor}`) ?? href;
      token.attrSet("href", isChinese ? `/zh${address}` : address);
    }
  });
}
