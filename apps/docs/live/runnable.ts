/*
 * Which examples a page can run. An example runs in a page if it is a complete program there: each
 * module that it imports runs in a page, and each name that it uses is declared or exists in a
 * worker without network and storage.
 *
 *   whyStatic('import { readFile } from "node:fs/promises";\n...', modules); // "imports node:fs/promises"
 */
import { runInNewContext } from "node:vm";
import ts from "typescript";

/** Names that a worker of a sandboxed page has beside those of the language. */
const workerNames = [
  "AbortController AbortSignal Blob CompressionStream DOMException DecompressionStream Event",
  "EventTarget MessageChannel ReadableStream TextDecoder TextEncoder TransformStream URL",
  "URLSearchParams WritableStream atob btoa clearInterval clearTimeout console crypto performance",
  "queueMicrotask self setInterval setTimeout structuredClone",
  // Draws a value: see `worker.ts`.
  "show",
].flatMap((line) => line.split(" "));

// The frame's policy does not allow text as code.
const blocked = ["eval", "Function"];

const languageNames: string[] = runInNewContext("Object.getOwnPropertyNames(globalThis)");
const known = new Set(
  [...languageNames, ...workerNames, "undefined", "arguments", "globalThis"].filter(
    (name) => !blocked.includes(name),
  ),
);

/** Entry points by name. `undefined` if it runs in a page, otherwise the reason. */
export type ModuleReasons = ReadonlyMap<string, string | undefined>;

/** The reason why an example remains text, or undefined if a page can run it. */
export function whyStatic(code: string, modules: ModuleReasons): string | undefined {
  const { file, errors } = parse(code);
  const syntax = errors.find(({ code }) => code < 2000 || code === 2391);
  if (syntax) return "is no complete program";
  for (const name of importsOf(file)) {
    if (!modules.has(name)) return `imports ${name}`;
    const reason = modules.get(name);
    if (reason) return `imports ${name}, which ${reason}`;
  }
  const missing = errors.flatMap((error) => missingName(file, error) ?? []);
  if (missing.length > 0) return `uses ${missing[0]}`;
  if (opensPath(file)) return "opens a path";
  return file.statements.some(doesSomething) ? undefined : "has nothing to run";
}

/** Parses and binds one file without a library. Each global name is then reported as missing. */
function parse(code: string) {
  const name = "example.ts";
  const target = ts.ScriptTarget.ESNext;
  // A module, so that `await` is allowed everywhere.
  const file = ts.createSourceFile(name, `${code}\nexport {};`, target, true);
  const options = {
    target,
    module: ts.ModuleKind.ESNext,
    noLib: true,
    noResolve: true,
    types: [],
  };
  const program = ts.createProgram([name], options, {
    fileExists: (path) => path === name,
    readFile: () => undefined,
    getSourceFile: (path) => (path === name ? file : undefined),
    getDefaultLibFileName: () => "lib.d.ts",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    writeFile: () => {},
  });
  const errors = [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ];
  return { file, errors };
}

function importsOf(file: ts.SourceFile): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    const source = ts.isImportDeclaration(node)
      ? node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword && node.moduleSpecifier
      : ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) &&
          node.expression.kind === ts.SyntaxKind.ImportKeyword &&
          node.arguments[0];
    if (source) names.push(ts.isStringLiteral(source) ? source.text : source.getText());
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

/** Whether it calls `openDataset` with a path. A page has none. */
function opensPath(node: ts.Node): boolean {
  const argument =
    ts.isCallExpression(node) && node.expression.getText() === "openDataset" && node.arguments[0];
  if (argument && ts.isStringLiteral(argument) && argument.text.includes("/")) return true;
  return ts.forEachChild(node, opensPath) ?? false;
}

/** The name that an error reports as missing, unless it is known or only a type. */
function missingName(file: ts.SourceFile, { code, start }: ts.Diagnostic): string | undefined {
  // 18004: a shorthand property. The others: "Cannot find name", with and without advice.
  const codes = [2304, 2311, 2552, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 2663, 18004];
  if (!codes.includes(code) || start === undefined) return undefined;
  const node = nodeAt(file, start);
  if (!ts.isIdentifier(node) || known.has(node.text)) return undefined;
  for (let up: ts.Node = node; up !== file; up = up.parent) {
    if (ts.isTypeNode(up) && !ts.isExpressionWithTypeArguments(up)) return undefined;
  }
  return node.text;
}

function nodeAt(node: ts.Node, position: number): ts.Node {
  const child = ts.forEachChild(node, (each) =>
    each.getStart() <= position && position < each.end ? each : undefined,
  );
  return child ? nodeAt(child, position) : node;
}

/** Whether a statement does more than name a type or a function. */
const doesSomething = (statement: ts.Statement): boolean =>
  ts.isVariableStatement(statement)
    ? statement.declarationList.declarations.some(({ initializer }) => initializer !== undefined)
    : !ts.isImportDeclaration(statement) &&
      !ts.isExportDeclaration(statement) &&
      !ts.isInterfaceDeclaration(statement) &&
      !ts.isTypeAliasDeclaration(statement) &&
      !ts.isFunctionDeclaration(statement) &&
      !ts.isClassDeclaration(statement) &&
      !ts.isEmptyStatement(statement);
