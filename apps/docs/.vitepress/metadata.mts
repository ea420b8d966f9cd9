import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HeadConfig, PageData, TransformContext, TransformPageContext } from "vitepress";
import { keptLanguage } from "./first-scripts.mts";
import { plainText } from "./plain-text.mts";
import { addressOf, hasAddress } from "./site.mts";

/** The longest description, in characters. A search engine shows about as many. */
const LONGEST = 200;

/** A page that was rendered. */
export interface RenderedPage {
  /** The path of the markdown file, such as `lessons/ddim.md`. */
  readonly page: string;
  readonly title: string;
  readonly description: string;
  readonly order: number;
  readonly source: string;
}

/** The pages of this build. Each rendered page adds itself. */
export const rendered: RenderedPage[] = [];

/** The text of a page, by its path. */
const sources = new Map<string, string>();

/** Gives a page its description. */
export function pageDataOf(pageData: PageData, { siteConfig }: TransformPageContext): void {
  const { filePath, relativePath, isNotFound } = pageData;
  if (isNotFound) return;
  const source = readFileSync(join(siteConfig.srcDir, filePath), "utf8");
  sources.set(relativePath, source);
  pageData.description = descriptionOf(pageData, source);
}

/** The description of a page: its frontmatter's, or its first paragraph as plain text. */
export function descriptionOf(
  { frontmatter, relativePath, title }: Pick<PageData, "frontmatter" | "relativePath" | "title">,
  source: string,
): string {
  if (typeof frontmatter.description === "string") return frontmatter.description;
  const text = shorten(plainText(firstParagraph(source)));
  // Symbols of two packages may say the same, and a page of overloads may begin with its code.
  const [, path] = /^(?:zh\/)?reference\/(.*)\.md$/.exec(relativePath) ?? [];
  if (path === undefined) return text;
  const name = title.startsWith("@gen/") ? title : `${title}, @gen/${path}`;
  return text === "" ? name : `${name}: ${text}`;
}

function firstParagraph(source: string): string {
  const body = source
    .replace(/^---\n[\s\S]*?\n---\n/, "")
    .replace(/^(`{3,}|~{3,})[\s\S]*?^\1$/gm, "");
  const blocks = body.split(/\n\s*\n/).map((block) => block.trim());
  const isText = (block: string) =>
    /^(?![#<>|:]|[-*+] |\d+\. |\$\$|!\[|\*\*\w+\*\*:?$)\S/.test(block);
  return blocks.find(isText) ?? "";
}

/** The whole sentences that fit. */
function shorten(text: string): string {
  if (text.length <= LONGEST) return text;
  const sentences = text.split(/(?<=[.!?]\s)|(?<=[。！？])/);
  let kept = "";
  for (const sentence of sentences) {
    if (kept !== "" && (kept + sentence).trim().length > LONGEST) break;
    kept += sentence;
  }
  return kept.trim();
}

/** The path of a built page, such as `lessons/ddim.html`; empty for the home page. */
export const pathOf = (page: string): string =>
  page.replace(/(^|\/)index\.md$/, "$1").replace(/\.md$/, ".html");

/** The path of a page's picture for shared links. */
export const pictureOf = (page: string): string =>
  `share/${page.replace(/\.md$/, "").replaceAll("/", "-")}.png`;

/** What a page says about itself to whoever shows a link to it. */
export function headOf({ page, pageData, title, description }: TransformContext): HeadConfig[] {
  if (pageData.isNotFound) return [];
  const order = Number(pageData.frontmatter.order ?? Number.POSITIVE_INFINITY);
  const source = sources.get(page) ?? "";
  rendered.push({ page, title: pageData.title, description, order, source });
  const isChinese = page.startsWith("zh/");
  const property = (name: string, content: string): HeadConfig => [
    "meta",
    { property: name, content },
  ];
  const name = (name: string, content: string): HeadConfig => ["meta", { name, content }];
  const picture = addressOf(pictureOf(page));
  const head: HeadConfig[] = [
    property("og:type", "article"),
    property("og:site_name", "gen"),
    property("og:title", title),
    property("og:description", description),
    property("og:locale", isChinese ? "zh_CN" : "en_US"),
    property("og:image", picture),
    property("og:image:width", "800"),
    property("og:image:height", "420"),
    property("og:image:alt", title),
    name("twitter:card", "summary_large_image"),
    name("twitter:image", picture),
  ];
  if (hasAddress) {
    const address = addressOf(pathOf(page));
    head.push(property("og:url", address), ["link", { rel: "canonical", href: address }]);
  }
  if (page === "index.md") head.push(["script", {}, keptLanguage]);
  return head;
}

/** Fails unless each page has a description that no other page of its language has. */
export function checkDescriptions(
  pages: readonly Pick<RenderedPage, "page" | "description">[],
): void {
  const known = new Map<string, string>();
  const problems: string[] = [];
  for (const { page, description } of pages) {
    const key = `${page.startsWith("zh/")} ${description}`;
    const other = known.get(key);
    if (description === "") problems.push(`${page} has no description`);
    else if (other) problems.push(`${page} and ${other} have the same description`);
    known.set(key, page);
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
}
