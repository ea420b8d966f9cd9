// @ts-check
// What is missing in the reference. Each check returns a list of sentences; a sentence fails the build.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ReflectionKind } from "typedoc";
import { fencesOf } from "../scripts/fences.mjs";
import { fieldsOf, inlineFields, isMethod } from "./describe-symbol.mjs";
import { isExported } from "./exported.mjs";
import { folderOf } from "./groups.mjs";
import { docsFolder, root } from "./packages.mjs";
import { namedIn } from "./reference-pages.mjs";
import { parameterName } from "./type-text.mjs";

/** @typedef {import("./reference-pages.mjs").Reference} Reference */
/** @typedef {import("./reference-pages.mjs").Entry} Entry */
/** @typedef {import("./groups.mjs").Group} Group */
/** @typedef {import("typedoc").DeclarationReflection} Declaration */

const OBJECT_TYPES = ReflectionKind.Interface | ReflectionKind.Class | ReflectionKind.TypeAlias;

/** All checks. @param {Reference} reference @param {Group[]} groups */
export function checkReference({ entries }, groups) {
  const problems = strayGroups(entries, groups);
  for (const entry of entries) {
    const own = groups.filter((group) => group.entry === folderOf(entry.name));
    const symbols = [...entry.pages.flatMap(({ symbols }) => symbols), ...entry.ungrouped];
    problems.push(
      ...ungroupedSymbols(entry),
      ...own.flatMap((group) => [
        ...unknownSymbols(entry, group),
        ...incompleteGroup(group),
        ...wrongTests(entry, group),
      ]),
      ...repeatedSymbols(own),
      ...symbols.flatMap(undescribed),
    );
  }
  return problems;
}

/** Groups in a folder of no entry point, or at the address of an entry point's index. @param {Entry[]} entries @param {Group[]} groups */
export function strayGroups(entries, groups) {
  const folders = entries.map(({ name }) => folderOf(name));
  const stray = groups.filter(({ entry }) => !folders.includes(entry));
  const taken = groups.filter(({ entry, slug }) =>
    entries.some(({ address }) => address === `reference/${entry}/${slug}`),
  );
  return [
    ...stray.map(({ path }) => `symbols/${path} is in the folder of no entry point`),
    ...taken.map(({ path }) => `symbols/${path} has the address of an entry point`),
  ];
}

/** @param {Entry} entry */
export const ungroupedSymbols = (entry) =>
  entry.ungrouped
    .filter(isExported)
    .map(({ name }) => `${entry.name} exports ${name}, which no group describes`);

/** @param {Entry} entry @param {Group} group */
export function unknownSymbols({ name, module }, group) {
  const exported = new Set((module.children ?? []).filter(isExported).map((child) => child.name));
  return group.symbols
    .filter((symbol) => !exported.has(symbol))
    .map((symbol) => `symbols/${group.path} names ${symbol}, which ${name} does not export`);
}

/** @param {Group[]} groups of one entry point */
export function repeatedSymbols(groups) {
  const names = groups.flatMap(({ symbols, path }) => symbols.map((symbol) => ({ symbol, path })));
  return names
    .filter(({ symbol }, i) => names.findIndex((one) => one.symbol === symbol) < i)
    .map(({ symbol, path }) => `symbols/${path} names ${symbol}, which another group describes`);
}

/** A field, a formula, an example or a lesson that a group lacks. @param {Group} group */
export function incompleteGroup(group) {
  const { body, bodyZh, formula, lessons, missing } = group;
  const problems = missing.map((key) => `has no ${key}`);
  const examples = fencesOf(body).map(({ code }) => code);
  if (formula && !/\$\$[\s\S]+?\$\$|\$[^$\n]+\$/.test(body))
    problems.push("has no formula, and its head says that it has one");
  if (examples.length === 0) problems.push("has no example");
  else if (!examples.some((code) => /\/\/ (=>|throws) /.test(code)))
    problems.push("has no example with a checked result");
  for (const name of lessons) {
    for (const folder of ["lessons", "zh/lessons"]) {
      if (!existsSync(join(docsFolder, folder, `${name}.md`)))
        problems.push(`names the lesson ${name}, which is not in ${folder}`);
    }
  }
  const codes = (/** @type {string} */ text) =>
    fencesOf(text).map(({ code }) => code.replace(/^ *\/\/ .*$/gm, ""));
  const formulas = (/** @type {string} */ text) => text.match(/\$\$[\s\S]+?\$\$/g) ?? [];
  for (const [what, list] of /** @type {const} */ ([
    ["code", codes],
    ["formulas", formulas],
  ])) {
    if (bodyZh !== undefined && list(bodyZh).join("\n") !== list(body).join("\n"))
      problems.push(`shows other ${what} than its Chinese twin`);
  }
  return problems.map((problem) => `symbols/${group.path} ${problem}`);
}

/** Tests that do not exist or test other things. @param {Entry} entry @param {Group} group @param {(path: string) => string | undefined} [read] */
export function wrongTests({ name }, group, read = readTest) {
  const packageName = name.split("/").slice(0, 2).join("/");
  const problems = group.tests.flatMap((path) => {
    const text = read(path);
    if (text === undefined) return [`names the test ${path}, which does not exist`];
    const imports =
      path.startsWith(`packages/${packageName.slice(5)}/`) || text.includes(`"${packageName}`);
    return imports ? [] : [`names the test ${path}, which does not import ${packageName}`];
  });
  const named = group.tests.some((path) =>
    group.symbols.some((symbol) => new RegExp(`\\b${symbol}\\b`).test(read(path) ?? "")),
  );
  if (problems.length === 0 && group.tests.length > 0 && !named)
    problems.push("names tests that use none of its symbols");
  return problems.map((problem) => `symbols/${group.path} ${problem}`);
}

/** @param {string} path */
const readTest = (path) =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined;

/** Symbols, parameters and fields without a description. @param {Declaration} symbol @returns {string[]} */
export function undescribed(symbol) {
  if (symbol.kindOf(ReflectionKind.Namespace)) return (symbol.children ?? []).flatMap(undescribed);
  const name = symbol.getFriendlyFullName();
  const signatures = symbol.signatures ?? [];
  const own = [symbol.comment, ...signatures.map(({ comment }) => comment)];
  const problems = own.some(hasText) ? [] : [`${name} has no description`];
  const fields = symbol.kindOf(ReflectionKind.Variable) ? [] : fieldsOf(symbol);
  for (const field of fields) {
    const calls = isMethod(field) ? field.signatures : [field.getSignature ?? field];
    if (
      field.inheritedFrom ||
      hasText(field.comment) ||
      calls?.some(({ comment }) => hasText(comment))
    )
      continue;
    problems.push(`${name}.${field.name} has no description`);
  }
  const parameters = signatures.flatMap((signature) => signature.parameters ?? []);
  const described = new Set(parameters.filter(isDescribed).map(parameterName));
  for (const parameter of new Set(parameters.map(parameterName))) {
    if (!described.has(parameter))
      problems.push(`${name}: the parameter ${parameter} has no description`);
  }
  for (const parameter of parameters) {
    for (const field of inlineFields(parameter.type).filter(({ comment }) => !hasText(comment))) {
      problems.push(`${name}: ${parameterName(parameter)}.${field.name} has no description`);
    }
  }
  return problems;
}

/** @param {import("typedoc").Comment | undefined} comment */
const hasText = (comment) => comment?.summary.some(({ text }) => text.trim() !== "") === true;

/**
 * A parameter with a sentence of its own, or an object of a type whose fields have theirs.
 *
 * @param {import("typedoc").ParameterReflection} parameter
 */
function isDescribed({ comment, type }) {
  if (hasText(comment)) return true;
  const parts = type?.type === "union" || type?.type === "intersection" ? type.types : [type];
  return parts.some((part) => {
    const [target] = part?.type === "reference" ? namedIn(part) : [];
    return (
      inlineFields(part).length > 0 ||
      (target?.kindOf(OBJECT_TYPES) && fieldsOf(/** @type {Declaration} */ (target)).length > 0)
    );
  });
}
