/** Markdown without its marks. */
export function plainText(markdown: string): string {
  return markdown
    .replace(/<[^>]*>/g, "")
    .replace(/!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])/g, "$1")
    .replace(/\\htmlClass\{[^}]*\}/g, "")
    .replace(/[*`]|\$(?=\S)|(?<=\S)\$/g, "")
    .replace(/\\([_<>{}[\]|])/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}
