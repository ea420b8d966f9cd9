// @ts-check
// `npm run api` writes packages/NAME/api.md: the exports of each entry point with their types, as
// the built declarations have them, without comments and private members. Members and unions are
// sorted, so that only a change of the surface changes a report.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { publishedPackages } from "../release/packages.mjs";
import { root } from "./shell.mjs";

const printer = ts.createPrinter({ removeComments: true });

/**
 * The reports of all packages, by the path of their file.
 *
 * @param {(path: string) => string | undefined} [readFile] reads a declaration file
 * @returns {Record<string, string>}
 */
export function apiReports(readFile = ts.sys.readFile) {
  const packages = publishedPackages(root).map(({ folder, manifest }) => ({
    folder,
    entries: Object.entries(manifest.exports)
      .filter(([, { types }]) => types !== undefined)
      .map(([path, { types = "" }]) => ({
        name: manifest.name + path.slice(1),
        file: join(folder, types),
      })),
  }));
  /** @type {ts.CompilerOptions} */
  const options = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    allowImportingTsExtensions: true,
    noEmit: true,
    noLib: true,
    types: [],
  };
  const files = packages.flatMap(({ entries }) => entries.map(({ file }) => file));
  const missing = files.find((file) => !existsSync(file));
  if (missing) throw new Error(`${missing} does not exist: run npm run build`);
  const host = { ...ts.createCompilerHost(options), readFile };
  host.getSourceFile = (path, languageVersion) => {
    const text = readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, languageVersion, true);
  };
  const program = ts.createProgram({ rootNames: files, options, host });
  return Object.fromEntries(
    packages.map(({ folder, entries }) => [
      join(folder, "api.md"),
      packageReport(program, folder, entries),
    ]),
  );
}

/**
 * @param {ts.Program} program
 * @param {string} folder
 * @param {{ name: string, file: string }[]} entries
 */
function packageReport(program, folder, entries) {
  const checker = program.getTypeChecker();
  /** @type {Set<ts.Symbol>} the symbols that are exported, then also those that they name */
  const seen = new Set();
  /** @type {ts.Symbol[]} */
  const named = [];
  const dist = join(folder, "dist/");
  /** @param {ts.Symbol} symbol */
  const target = (symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

  /** Remembers the types of this package that a declaration names. @param {ts.Node} node */
  const collect = (node) => {
    if (isHidden(node)) return;
    if (ts.isIdentifier(node)) {
      const found = checker.getSymbolAtLocation(node);
      const symbol = found && target(found);
      const place = symbol?.declarations?.[0];
      if (symbol && place && isTopLevel(place) && isWithin(dist, place)) named.push(symbol);
    }
    ts.forEachChild(node, collect);
  };

  /** @param {string} name @param {ts.Symbol} symbol */
  const lines = (name, symbol) => {
    const declarations = symbol.declarations ?? [];
    const [first] = declarations;
    if (first && !isWithin(dist, first)) return [`export ${name} of ${packageOf(first)}`];
    for (const each of declarations) collect(each);
    return declarations.map((each) => (symbol.name === name ? "" : `${name} = `) + print(each));
  };

  const exported = entries.map(({ name, file }) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    const symbols = module ? checker.getExportsOfModule(module) : [];
    return { name, symbols: symbols.map((each) => ({ name: each.name, symbol: target(each) })) };
  });
  for (const { symbols } of exported) for (const { symbol } of symbols) seen.add(symbol);
  const sections = exported.map(({ name, symbols }) =>
    section(
      name,
      symbols.flatMap((each) => lines(each.name, each.symbol)),
    ),
  );
  /** @type {string[]} */
  const inner = [];
  for (let symbol = named.pop(); symbol; symbol = named.pop()) {
    if (seen.has(symbol)) continue;
    seen.add(symbol);
    inner.push(...lines(symbol.name, symbol));
  }
  if (inner.length > 0) sections.push(section("Named above, but not exported", inner));
  const title = `# API of ${entries[0]?.name}\n\n`;
  return `${title}\`npm run api\` writes this file.\n${sections.join("")}`;
}

/** @param {string} title @param {string[]} texts */
const section = (title, texts) => `\n## ${title}\n\n\`\`\`ts\n${texts.sort().join("\n")}\n\`\`\`\n`;

/** @param {string} folder @param {ts.Node} node */
const isWithin = (folder, node) => node.getSourceFile().fileName.startsWith(folder);

/** @param {ts.Node} node */
const packageOf = (node) =>
  node.getSourceFile().fileName.replace(/^.*\/packages\/([^/]+)\/.*$/, "@gen/$1");

/** @param {ts.Node} node */
const isTopLevel = (node) =>
  ts.isSourceFile(ts.isVariableDeclaration(node) ? node.parent.parent.parent : node.parent);

/** A private member, or one that is marked as internal. @param {ts.Node} node */
const isHidden = (node) =>
  (ts.isClassElement(node) || ts.isTypeElement(node)) &&
  ((ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0 ||
    (node.name !== undefined && ts.isPrivateIdentifier(node.name)) ||
    ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal"));

/** A declaration as text on its own. @param {ts.Declaration} declaration */
function print(declaration) {
  const file = declaration.getSourceFile();
  /** @param {ts.Node} node */
  const text = (node) => printer.printNode(ts.EmitHint.Unspecified, node, file);
  const result = ts.transform(/** @type {ts.Node} */ (declaration), [stable(text)]);
  const printed = text(/** @type {ts.Node} */ (result.transformed[0]));
  if (ts.isVariableDeclaration(declaration)) return `const ${printed};`;
  return printed.replace(/^((export|default|declare) )+/, "");
}

/**
 * Sorts members and unions, and leaves out what is hidden and the names of destructured fields.
 *
 * @param {(node: ts.Node) => string} text
 * @returns {ts.TransformerFactory<ts.Node>}
 */
const stable = (text) => (context) => {
  /** @template {ts.Node} N @param {readonly N[]} nodes @param {(node: N) => string} key */
  const sort = (nodes, key) =>
    nodes
      .map((node) => ({ node, key: key(node) }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ node }) => node);
  /** @param {ts.ClassElement | ts.TypeElement} member */
  const name = (member) => (member.name ? text(member.name) : "");
  /** @param {ts.Node} node @returns {ts.Node | undefined} */
  const visit = (node) => {
    if (isHidden(node)) return undefined;
    if (ts.isObjectBindingPattern(node)) return ts.factory.createObjectBindingPattern([]);
    const kept = ts.visitEachChild(node, visit, context);
    const make = ts.factory;
    if (ts.isUnionTypeNode(kept)) return make.createUnionTypeNode(sort(kept.types, text));
    if (ts.isTypeLiteralNode(kept)) return make.createTypeLiteralNode(sort(kept.members, name));
    if (ts.isInterfaceDeclaration(kept)) {
      const { modifiers, name: id, typeParameters, heritageClauses, members } = kept;
      const sorted = sort(members, name);
      return make.createInterfaceDeclaration(
        modifiers,
        id,
        typeParameters,
        heritageClauses,
        sorted,
      );
    }
    if (ts.isClassDeclaration(kept)) {
      const { modifiers, name: id, typeParameters, heritageClauses, members } = kept;
      const sorted = sort(members, name);
      return make.createClassDeclaration(modifiers, id, typeParameters, heritageClauses, sorted);
    }
    return kept;
  };
  return (node) => visit(node) ?? node;
};

/** The reports whose file differs from the code. */
export function outdatedReports(reports = apiReports()) {
  return Object.keys(reports).filter(
    (path) => !existsSync(path) || readFileSync(path, "utf8") !== reports[path],
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reports = apiReports();
  for (const path of outdatedReports(reports)) {
    writeFileSync(path, reports[path] ?? "");
    console.log(`wrote ${path}`);
  }
}
