import type { MarkdownRenderer } from "vitepress";

/** Makes an empty cell of a table's head a plain cell: a header without a name tells nobody anything. */
export function emptyHeaders(md: MarkdownRenderer): void {
  md.core.ruler.push("empty-headers", ({ tokens }) => {
    tokens.forEach((token, i) => {
      if (token.type !== "th_open" || tokens[i + 1].content !== "") return;
      token.tag = "td";
      tokens[i + 2].tag = "td";
    });
  });
}
