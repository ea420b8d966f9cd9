// @ts-check
// The reference: one page for each entry point, from the docstrings in the sources.
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
  out: join(docs, "reference"),
  plugin: [
    "typedoc-plugin-markdown",
    "typedoc-plugin-missing-exports",
    "typedoc-vitepress-theme",
    join(here, "name-modules.mjs"),
    join(here, "labels.mjs"),
  ],
  // Layout: functions first, members as tables.
  docsRoot: docs,
  router: "module",
  excludeScopesInPaths: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  useCustomAnchors: true,
  groupOrder: ["Modules", "Functions", "Classes", "Interfaces", "Type Aliases", "Variables", "*"],
  indexFormat: "table",
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  propertyMembersFormat: "table",
  typeDeclarationFormat: "table",
  tableColumnSettings: { hideSources: true, hideModifiers: true, hideInherited: true },
  sort: ["source-order"],
  // Content.
  readme: "none",
  disableSources: true,
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
