// @ts-check
// The reference: the docstrings of the sources, on the pages of the groups in `symbols/`.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { entryPoints, packagesFolder } from "./packages.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const docs = dirname(here);
const entries = entryPoints();

/** @type {Partial<import("typedoc").TypeDocOptions> & Record<string, unknown>} */
export default {
  name: "Reference",
  tsconfig: join(here, "tsconfig.json"),
  entryPointStrategy: "resolve",
  entryPoints: entries.map(({ source }) => source),
  sortEntryPoints: false,
  basePath: packagesFolder,
  outputs: [{ name: "reference", path: docs }],
  plugin: [
    join(here, "exported.mjs"),
    "typedoc-plugin-missing-exports",
    join(here, "name-modules.mjs"),
    join(here, "write-reference.mjs"),
  ],
  sort: ["source-order"],
  // Content.
  readme: "none",
  disableGit: true,
  sourceLinkTemplate: "{path}",
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  // Types that an exported function uses are documented beside the function.
  placeInternalsInOwningModule: true,
  // `npm run check` checks the types. Here each export must have a docstring.
  skipErrorChecking: true,
  validation: { notExported: false, invalidLink: true, notDocumented: true },
  packagesRequiringDocumentation: [...new Set(entries.map(({ folder }) => `@gen/${folder}`))],
  requiredToBeDocumented: ["Function", "Class", "Interface", "TypeAlias", "Variable"],
};
