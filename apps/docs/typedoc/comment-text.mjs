// @ts-check
// Docstrings as markdown of VitePress.
import { namedIn } from "./reference-pages.mjs";
import { typeText } from "./type-text.mjs";

/** @typedef {(reflection: import("typedoc").Reflection | undefined) => string | undefined} LinkTo */

/** Text with the characters that markdown, Vue or a table would interpret as entities. @param {string} text */
const escaped = (text) =>
  text.replace(/[<>{}[\]|*_$`\\]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** Words of a docstring: they may contain markdown, but no HTML, Vue or formula. @param {string} text */
const prose = (text) =>
  text.replaceAll("<", "&lt;").replaceAll("{{", "&#123;&#123;").replaceAll("$", "&#36;");

/** A piece of a docstring as markdown. @param {readonly import("typedoc").CommentDisplayPart[]} parts @param {LinkTo} linkTo */
export const markdownOf = (parts, linkTo) =>
  parts
    .map((part) => {
      if (part.kind === "text") return prose(part.text);
      if (part.kind !== "inline-tag") return part.text;
      const target =
        typeof part.target === "object" && "kindOf" in part.target ? part.target : undefined;
      const link = linkTo(target);
      return link ? `[\`${part.text}\`](${link})` : `\`${part.text}\``;
    })
    .join("")
    .trim();

/** The same in one line, for a cell of a table. @param {string} markdown */
export const cell = (markdown) =>
  markdown
    .replace(/\n\n+/g, "<br>")
    .replace(/\s*\n\s*/g, " ")
    .replace(/(?<!\\)\|/g, "\\|");

/** A type as code whose names are links. @param {import("typedoc").SomeType | undefined} type @param {LinkTo} linkTo */
export function typeMarkdown(type, linkTo) {
  const links = new Map(namedIn(type).map((target) => [target.name, linkTo(target)]));
  const text = typeText(type)
    .split(/\b([A-Za-z_$][\w$]*)\b/)
    .map((word) => (links.get(word) ? `[${word}](${links.get(word)})` : escaped(word)))
    .join("");
  return `<code>${text}</code>`;
}

/** The text of a tag such as `@returns`. @param {import("typedoc").Comment | undefined} comment @param {`@${string}`} name @param {LinkTo} linkTo */
export const tagTexts = (comment, name, linkTo) =>
  (comment?.blockTags ?? [])
    .filter(({ tag }) => tag === name)
    .map(({ content }) => markdownOf(content, linkTo));

/** The value of `@defaultValue`, which typedoc makes a fence. @param {import("typedoc").Comment | undefined} comment @param {LinkTo} linkTo */
export function defaultOf(comment, linkTo) {
  const [text] = tagTexts(comment, "@defaultValue", linkTo);
  if (text === undefined) return undefined;
  const [, code] = /^```ts\n([\s\S]*)\n```$/.exec(text) ?? [];
  if (code === undefined) return text;
  // A default in words, such as "the dataset's range", is no code.
  return /[a-z'] [a-z`]/i.test(code) ? prose(code) : `\`${code}\``;
}
