// @ts-check
// The pages of the reference as markdown.

import { cell, markdownOf } from "./comment-text.mjs";
import { describeSymbol } from "./describe-symbol.mjs";
import { chinesePackages } from "./packages-zh.mjs";
import { sourceLink } from "./repository.mjs";
import { words } from "./words.mjs";

/** @typedef {import("./reference-pages.mjs").Entry} Entry */
/** @typedef {import("./reference-pages.mjs").Page} Page */
/** @typedef {import("./describe-symbol.mjs").Context} Context */

/** @param {Record<string, string>} fields @param {(string | false)[]} parts */
const markdown = (fields, parts) =>
  `---\n${Object.entries(fields)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join("")}---\n\n${parts.filter((part) => part).join("\n\n")}\n`;

/**
 * The page of a group.
 *
 * @param {Page} page @param {Entry} entry @param {Context} context
 * @param {(name: string, folder: string) => string} lessonTitle
 */
export function groupPage({ group, symbols }, entry, context, lessonTitle) {
  const { language } = context;
  const { lessons, tests, colon, comma, partlyTranslated } = words[language];
  const folder = language === "en" ? "lessons" : `${language}/lessons`;
  const links = group.lessons.map((name) => `[${lessonTitle(name, folder)}](/${folder}/${name})`);
  const again = entry.again.filter(({ name }) => group.symbols.includes(name));
  const title = language === "zh" ? group.titleZh : group.title;
  const body = (language === "zh" && group.bodyZh) || group.body;
  const notice = body === group.bodyZh ? partlyTranslated : words[language].untranslated;
  return markdown({ description: firstSentence(body, title), pageClass: "reference" }, [
    `# ${title} {#page}`,
    `<p class="entry"><code>${entry.name}</code></p>`,
    notice && `<p class="untranslated">${notice}</p>`,
    body,
    ...symbols.map((symbol) => describeSymbol(symbol, context)),
    ...again.map((symbol) => againText(symbol, context)),
    links.length > 0 && `<p class="label">${lessons}</p>\n\n${links.join(comma)}`,
    `<p class="source">${tests}${colon}${group.tests.map((path) => sourceLink(path)).join(comma)}</p>`,
  ]);
}

/** The first sentence of a page's body as its description. @param {string} body @param {string} title */
function firstSentence(body, title) {
  const [text] = body.split(/\n\n|\$\$|```/);
  const [sentence] = /^.*?(?<!\b(?:al|eq|eqs|Fig))[.。](?=\s|$|[^\w.])/s.exec(text) ?? [text];
  const plain = sentence
    .replace(/\$[^$]*\$|[`*]|\[|\]\([^)]*\)/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return plain ? `${title}: ${plain}` : title;
}

/** A symbol that another entry point describes. @param {import("typedoc").ReferenceReflection} symbol @param {Context} context */
function againText(symbol, { language, linkTo }) {
  const target = symbol.tryGetTargetReflectionDeep();
  const { comment } =
    /** @type {import("typedoc").DeclarationReflection} */ (target).signatures?.[0] ?? target ?? {};
  const link = linkTo(target);
  const { describedAt, colon } = words[language];
  return [
    `## ${symbol.name} {#${symbol.name.toLowerCase()}}`,
    markdownOf(comment?.summary ?? [], linkTo),
    link && `${describedAt}${colon}[\`${moduleOf(target)}\`](${link})`,
  ].join("\n\n");
}

/** @param {import("typedoc").Reflection | undefined} reflection @returns {string} */
const moduleOf = (reflection) => {
  let one = reflection;
  while (one?.parent && !one.parent.isProject()) one = one.parent;
  return one?.name ?? "";
};

/**
 * A link to a symbol, with the anchor that old links name on the entry point's page.
 *
 * @param {import("typedoc").Reflection} symbol @param {Context["linkTo"]} linkTo
 */
function listItem(symbol, linkTo) {
  const target = symbol.isReference() ? symbol.tryGetTargetReflectionDeep() : symbol;
  const link = linkTo(target) ?? "";
  return `<span id="${link.replace(/.*#/, "")}"></span>[\`${symbol.name}\`](${link})`;
}

/** The page of an entry point: its introduction, and its groups. @param {Entry} entry @param {Context} context */
export function entryIndex(entry, context) {
  const { language, linkTo } = context;
  const { groups, alsoExported, ungrouped, untranslated, colon, comma } = words[language];
  const prefix = language === "en" ? "" : `/${language}`;
  const item = (/** @type {import("typedoc").Reflection} */ one) => listItem(one, linkTo);
  const list = entry.pages.map(({ group, address, symbols }) => {
    const title = language === "zh" ? group.titleZh : group.title;
    const all = [...symbols, ...entry.again.filter(({ name }) => group.symbols.includes(name))];
    return `- [${title}](${prefix}/${address})${colon}${all.map(item).join(comma)}`;
  });
  const named = new Set(entry.pages.flatMap(({ group }) => group.symbols));
  const elsewhere = entry.again.filter(({ name }) => !named.has(name)).map(item);
  const introduction = markdownOf(entry.module.comment?.summary ?? [], linkTo);
  return markdown(
    { description: firstSentence(introduction, entry.name), pageClass: "reference" },
    [
      `# ${entry.name} {#page}`,
      untranslated && `<p class="untranslated">${untranslated}</p>`,
      introduction,
      list.length > 0 && `## ${groups} {#contents}\n\n${list.join("\n")}`,
      elsewhere.length > 0 && `## ${alsoExported} {#also-exported}\n\n${elsewhere.join(comma)}`,
      entry.ungrouped.length > 0 && list.length > 0 && `<p class="label">${ungrouped}</p>`,
      ...entry.ungrouped.map((symbol) => describeSymbol(symbol, context)),
    ],
  );
}

/** The page of all packages. @param {Entry[]} entries @param {Context} context */
export function packageIndex(entries, { language, linkTo }) {
  const { reference, about, packages, description, untranslated } = words[language];
  const prefix = language === "en" ? "" : `/${language}`;
  const inChinese = (/** @type {string} */ name) =>
    language === "zh" ? chinesePackages[name] : undefined;
  const rows = readersOrder(entries).map(({ name, address, module }) => {
    const text = markdownOf(module.comment?.summary ?? [], linkTo).split(/\n\n/)[0];
    return `| [${name}](${prefix}/${address}) | ${cell(inChinese(name) ?? text)} |`;
  });
  const isTranslated = entries.every(({ name }) => inChinese(name));
  return markdown({ description: about, pageClass: "reference" }, [
    `# ${reference} {#page}`,
    about,
    untranslated && !isTranslated && `<p class="untranslated">${untranslated}</p>`,
    `| ${packages} | ${description} |\n| --- | --- |\n${rows.join("\n")}`,
  ]);
}

/**
 * The entry points in the order of a reader: first the packages that a program imports, then those
 * that they stand on; the command last.
 *
 * @param {Entry[]} entries from the lowest floor up
 */
export function readersOrder(entries) {
  /** @type {Map<string, Entry[]>} */
  const packages = new Map();
  for (const entry of entries) {
    const name = entry.name.split("/").slice(0, 2).join("/");
    packages.set(name, [...(packages.get(name) ?? []), entry]);
  }
  const command = packages.get("@gen/cli") ?? [];
  packages.delete("@gen/cli");
  return [...[...packages.values()].reverse(), command].flat();
}
