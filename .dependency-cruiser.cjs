const { existsSync, readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");

// An import only ever points down ARCHITECTURE.md's table of floors, never sideways.
const architecture = readFileSync(join(__dirname, "ARCHITECTURE.md"), "utf8");
const floors = [...architecture.matchAll(/^\| \d+ \| (`.+?`) \|/gm)]
  .map(([, cell]) => cell.replaceAll("`", "").split(" "))
  .filter(([name]) => !name.startsWith("apps/"))
  .reverse();

const packages = readdirSync(join(__dirname, "packages"))
  .filter((name) => existsSync(join(__dirname, "packages", name, "package.json")))
  .sort();
if (`${floors.flat().sort()}` !== `${packages}`) {
  throw new Error(
    `the floors in ARCHITECTURE.md must list ${packages}, got ${floors.flat().sort()}`,
  );
}

const lower = (floor) => floors.slice(0, floor).flat();

const floorRules = floors.flatMap((packages, floor) =>
  packages.map((name) => ({
    name: `floor-${name}`,
    comment: `@gen/${name} may import only from ${lower(floor).join(", ") || "nowhere"}`,
    severity: "error",
    from: { path: `^packages/${name}/src/` },
    to: { path: "^(packages|apps)/", pathNot: `^packages/(${[...lower(floor), name].join("|")})/` },
  })),
);

const gpuLibraries = "(^|/)(onnxruntime-[^/]+|@tensorflow/[^/]+)(/|$)";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...floorRules,
    {
      name: "no-cycle",
      comment: "Files that import each other, even for a type, cannot be read one at a time",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "only-runtime-gpu-names-a-gpu-library",
      comment: "All other packages take a Backend as an argument",
      severity: "error",
      from: { path: "^packages/(?!runtime-gpu/)[^/]+/src/" },
      to: { path: gpuLibraries },
    },
    {
      name: "apps-name-only-the-libraries-files",
      comment: "An app passes wasm files by URL; @gen/runtime-gpu loads the libraries",
      severity: "error",
      from: { path: "^apps/", pathNot: "/(test|node_modules|dist|[.]fences)/" },
      to: { path: gpuLibraries, pathNot: "(\\.wasm|/ort-wasm[^/]*\\.mjs)([?]url)?$" },
    },
    {
      name: "no-node-module-in-browser-code",
      comment:
        "All packages except cli, server and jobs run in browsers; import a node: module dynamically",
      severity: "error",
      from: { path: "^packages/(?!cli/|server/|jobs/)[^/]+/src/" },
      to: {
        dependencyTypes: ["core"],
        dynamic: false,
        dependencyTypesNot: ["type-only", "type-import"],
      },
    },
    {
      name: "packages-through-their-exports",
      comment: "Import @gen/NAME, not a path into another package",
      severity: "error",
      from: { path: "^(packages|apps)/([^/]+)/" },
      to: { path: "^packages/", pathNot: "^$1/$2/", dependencyTypes: ["local"] },
    },
    {
      name: "no-test-in-source",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "/test/" },
    },
    {
      name: "declared-dependencies-only",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["npm-peer"] },
    },
    {
      name: "no-development-dependency-in-source",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["npm-peer", "type-only", "type-import"],
      },
    },
    {
      name: "resolvable",
      severity: "error",
      from: { path: "^packages/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: {
      path: "^(packages|apps|apps/examples)/[^/]+/(dist|[.]next|[.]turbo|[.]vitepress/(cache|dist))/",
    },
    combinedDependencies: false,
    tsConfig: { fileName: "tsconfig.test.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@gen/source", "import", "node", "default", "types"],
      extensions: [".ts", ".mts", ".mjs", ".js", ".vue", ".json", ".wasm"],
      mainFields: ["module", "main", "types"],
    },
  },
};
