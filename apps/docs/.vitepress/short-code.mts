import type { MarkdownRenderer } from "vitepress";

/** Code of up to this many characters stays on one line, also on a phone. */
const SHORT = 20;

/** Marks short code, such as `--seed`, which a browser would break after a hyphen. */
export function shortCode(md: MarkdownRenderer): void {
  md.core.ruler.push("short_code", ({ tokens }) => {
    for (const { children } of tokens)
      for (const token of children ?? [])
        if (token.type === "code_inline" && token.content.length <= SHORT)
          token.attrJoin("class", "short");
  });
}
