// @ts-check
// Which page describes which symbol. A symbol is on the page of its group. A type that is not exported is
// on the page of the first group that uses it.
import { makeRecursiveVisitor, ReflectionKind } from "typedoc";
import { isExported } from "./exported.mjs";
import { folderOf } from "./groups.mjs";

/** @typedef {import("typedoc").DeclarationReflection} Declaration */
/** @typedef {import("./groups.mjs").Group} Group */

/**
 * @typedef {object} Page
 * @property {Group} group
 * @property {string} address such as `reference/ddim/ddim-steps`
 * @property {Declaration[]} symbols its symbols, then the types that they use
 */

/**
 * @typedef {object} Entry an entry point
 * @property {string} name such as `@gen/graph/onnx`
 * @property {string} address of its index, such as `reference/graph/onnx`
 * @property {Declaration} module
 * @property {Page[]} pages
 * @property {Declaration[]} ungrouped symbols on the index, because no group describes them
 * @property {import("typedoc").ReferenceReflection[]} again symbols that another entry point describes
 */

/**
 * @typedef {object} Reference
 * @property {Entry[]} entries
 * @property {(reflection: import("typedoc").Reflection | undefined) => string | undefined} linkTo the
 *   address of a symbol's description, such as `/reference/ddim/ddim-steps#ddimsteps`
 */

const TYPES = ReflectionKind.Interface | ReflectionKind.TypeAlias | ReflectionKind.Class;

/**
 * The anchor of a symbol: its name in small letters, a line for an underscore. A type beside a function of the same letters, such as
 * `RoundTrip` beside `roundTrip`, ends in `-type`.
 *
 * @param {import("typedoc").Reflection} reflection
 */
export function anchorOf(reflection) {
  const name = reflection.name.toLowerCase();
  const siblings = /** @type {Declaration | undefined} */ (reflection.parent)?.children ?? [];
  const isSecond =
    reflection.kindOf(TYPES) &&
    siblings.some(
      (one) => one !== reflection && !one.kindOf(TYPES) && one.name.toLowerCase() === name,
    );
  const prefix = isInNamespace(reflection) ? `${reflection.parent?.name.toLowerCase()}-` : "";
  return prefix + name.replaceAll("_", "-") + (isSecond ? "-type" : "");
}

/** @param {import("typedoc").Reflection} reflection */
export const isInNamespace = (reflection) =>
  reflection.parent?.kindOf(ReflectionKind.Namespace) === true;

/**
 * Assigns each symbol of a project to a page.
 *
 * @param {import("typedoc").ProjectReflection} project @param {Group[]} groups
 * @returns {Reference}
 */
export function planReference(project, groups) {
  /** @type {Map<import("typedoc").Reflection, string>} */
  const places = new Map();
  const entries = (project.children ?? []).map((module) => planEntry(module, groups));
  const take = (
    /** @type {Declaration[]} */ list,
    /** @type {Declaration} */ one,
    /** @type {string} */ address,
  ) => {
    if (places.has(one)) return;
    places.set(one, `/${address}#${anchorOf(one)}`);
    list.push(one);
    for (const child of one.children ?? []) {
      if (one.kindOf(ReflectionKind.Namespace)) places.set(child, `/${address}#${anchorOf(child)}`);
    }
  };

  for (const entry of entries) {
    for (const page of entry.pages)
      for (const symbol of page.symbols.splice(0)) take(page.symbols, symbol, page.address);
    for (const symbol of entry.ungrouped.splice(0)) take(entry.ungrouped, symbol, entry.address);
  }
  // A type prefers a page of its own entry point.
  for (const own of [true, false]) {
    for (const { module, pages, address, ungrouped } of entries) {
      const lists = [...pages, { symbols: ungrouped, address }];
      for (const { symbols, address } of lists) {
        // The list grows: a type may use further types.
        for (const symbol of symbols) {
          for (const type of typesOf(symbol)) {
            const described = ownerOf(type);
            if (described && !isExported(described) && (described.parent === module) === own)
              take(symbols, described, address);
          }
        }
      }
    }
  }
  return { entries, linkTo: (one) => one && places.get(one) };
}

/** @param {Declaration} module @param {Group[]} groups @returns {Entry} */
function planEntry(module, groups) {
  const name = module.name;
  const address = `reference/${name.replace("@gen/", "")}`;
  const exports = (module.children ?? []).filter(isExported);
  const own = exports.filter((child) => !child.isReference());
  const pages = groups
    .filter(({ entry }) => entry === folderOf(name))
    .map((group) => ({
      group,
      address: `reference/${group.entry}/${group.slug}`,
      symbols: group.symbols.flatMap((symbol) => own.find((child) => child.name === symbol) ?? []),
    }));
  const grouped = new Set(pages.flatMap(({ symbols }) => symbols));
  return {
    name,
    address,
    module,
    pages,
    ungrouped: own
      .filter((child) => !grouped.has(child))
      .sort((a, b) => Number(a.kindOf(TYPES)) - Number(b.kindOf(TYPES))),
    again: exports.flatMap((child) => (child.isReference() ? [child] : [])),
  };
}

/** The exported or module-level declaration that a type's reflection belongs to. @param {import("typedoc").Reflection} reflection */
function ownerOf(reflection) {
  let one = /** @type {import("typedoc").Reflection | undefined} */ (reflection);
  while (one && !one.parent?.kindOf(ReflectionKind.Module)) one = one.parent;
  return /** @type {Declaration | undefined} */ (one);
}

/**
 * The declarations that a symbol's types name.
 *
 * @param {import("typedoc").Reflection} symbol @returns {Set<import("typedoc").Reflection>}
 */
export function typesOf(symbol) {
  /** @type {Set<import("typedoc").Reflection>} */
  const found = new Set();
  const visit = (/** @type {import("typedoc").Reflection} */ one) => {
    const { type, extendedTypes } = /** @type {Declaration} */ (one);
    for (const each of [type, ...(extendedTypes ?? [])])
      for (const target of namedIn(each)) found.add(target);
    one.traverse((child) => {
      const inherited = /** @type {Declaration} */ (child).inheritedFrom;
      if (!inherited) visit(child);
      return true;
    });
  };
  visit(symbol);
  return found;
}

/** The declarations that a type names. @param {import("typedoc").SomeType | undefined} type @returns {import("typedoc").Reflection[]} */
export function namedIn(type) {
  /** @type {import("typedoc").Reflection[]} */
  const found = [];
  type?.visit(
    makeRecursiveVisitor({
      reference: ({ reflection }) => {
        if (reflection && !reflection.kindOf(ReflectionKind.TypeParameter)) found.push(reflection);
      },
      query: ({ queryType }) => {
        if (queryType.reflection) found.push(queryType.reflection);
      },
      reflection: ({ declaration }) => {
        found.push(...typesOf(declaration));
      },
    }),
  );
  return found;
}
