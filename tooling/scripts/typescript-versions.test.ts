import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishedPackages } from "../release/packages.mjs";
import { stage } from "../release/stage.mjs";
import { root } from "./shell.mjs";

// The lowest version that the guide "Versions" names.
const lowest = "5.7.3";
// The test installs TypeScript and the packages' dependencies from npm's registry.
const all = process.env.GEN_TEST_ALL === "1";

const everyEntry = (packages: ReturnType<typeof publishedPackages>) =>
  packages
    .flatMap(({ manifest }) =>
      Object.keys(manifest.exports)
        .filter((path) => path !== "./package.json")
        .map((path) => manifest.name + path.slice(1)),
    )
    .map((name, i) => `export * as entry${i} from "${name}";\n`)
    .join("");

// With the DOM library or Node's types, a user has and gives that library's own types.
const ownTypes = `import { modelFiles } from "@gen/model-files";
const { signal } = new AbortController();
export const blob: Blob = await modelFiles().open(new URL("https://example.org/"), { signal });
// @ts-expect-error A number is no address.
await modelFiles().open(4);
// @ts-expect-error A text is no Blob.
export const wrong: string = blob;
`;

describe.runIf(all)("declarations for users", () => {
  let folder = "";
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "gen-typescript-"));
    const packages = publishedPackages(root);
    const dependencies = Object.assign({}, ...packages.map((one) => one.manifest.dependencies));
    const install = Object.entries({ ...dependencies, typescript: lowest, "@types/node": "20" })
      .filter(([name]) => !name.startsWith("@gen/"))
      .map(([name, version]) => `${name}@${version}`);
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    execFileSync("npm", ["install", "--no-audit", "--no-fund", ...install], { cwd: folder });
    const stamp = { repository: "https://example.org/gen", gitHead: "", version: "0.1.0" };
    for (const one of packages) stage(one, packages, stamp, join(folder, "node_modules/@gen"));
    writeFileSync(join(folder, "entries.ts"), everyEntry(packages));
    writeFileSync(join(folder, "own-types.ts"), ownTypes);
  });

  /** The errors of a file, as the compiler prints them. */
  function errors(compiler: string, file: string, options: object): string {
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      target: "ES2022",
      module: "NodeNext",
      ...options,
    };
    const config = join(folder, "tsconfig.json");
    writeFileSync(config, JSON.stringify({ compilerOptions, files: [file] }));
    const tsc = join(compiler, "node_modules/typescript/bin/tsc");
    try {
      return execFileSync(process.execPath, [tsc, "-p", config], { encoding: "utf8" });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  }

  it.each([lowest, "of the workspace"])("compile with TypeScript %s", (version) => {
    const compiler = version === lowest ? folder : root;
    const bare = { lib: ["ES2023"], types: [] };
    expect(errors(compiler, "entries.ts", bare)).toBe("");
    expect(errors(compiler, "own-types.ts", { lib: ["ES2023", "DOM"], types: [] })).toBe("");
    expect(errors(compiler, "own-types.ts", { lib: ["ES2023"], types: ["node"] })).toBe("");
    // The test sees what is missing.
    expect(errors(compiler, "own-types.ts", bare)).toContain("Cannot find name 'Blob'");
  });
});

it("the guide names the lowest version that is tested", () => {
  const guides = ["apps/docs/guide/versions.md", "apps/docs/zh/guide/versions.md"];
  const minor = lowest.split(".").slice(0, 2).join(".");
  for (const page of ["README.md", "README.zh.md", ...guides])
    expect(readFileSync(join(root, page), "utf8")).toContain(`TypeScript ${minor}`);
});
