// @ts-check
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const packages = resolve(import.meta.dirname, "../../packages");

/**
 * The names of the values and types that each entry point exports:
 * `{ "@gen/graph/compiler": [...] }`.
 *
 * @returns {Record<string, string[]>}
 */
export function exportedNames() {
  const sources = readdirSync(packages).flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8"));
    // A private package has no users outside the workspace.
    return Object.entries((!manifest.private && manifest.exports) || {}).flatMap(
      ([path, target]) =>
        target["@gen/source"] === undefined
          ? []
          : [
              {
                name: join(manifest.name, path),
                file: join(packages, folder, target["@gen/source"]),
              },
            ],
    );
  });
  const program = ts.createProgram({
    rootNames: sources.map(({ file }) => file),
    options: {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      allowImportingTsExtensions: true,
      customConditions: ["@gen/source"],
      noEmit: true,
      types: [],
    },
  });
  const checker = program.getTypeChecker();
  return Object.fromEntries(
    sources.map(({ name, file }) => {
      const source = program.getSourceFile(file);
      const symbol = source && checker.getSymbolAtLocation(source);
      return [name, symbol ? checker.getExportsOfModule(symbol).map((each) => each.name) : []];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = exportedNames();
  let total = 0;
  for (const [path, list] of Object.entries(names)) {
    console.log(`${String(list.length).padStart(4)}  ${path}`);
    total += list.length;
  }
  console.log(`${String(total).padStart(4)}  in all`);
}
