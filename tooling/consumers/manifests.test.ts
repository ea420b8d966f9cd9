import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { checkPackage, Package, type Problem } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, expect, it } from "vitest";
import { publishedPackages } from "../release/packages.mjs";
import { stage } from "../release/stage.mjs";
import { root } from "../scripts/shell.mjs";

// Are-the-types-wrong compiles each entry point of each package.
const all = process.env.GEN_TEST_ALL === "1";

const packages = publishedPackages(root);
const names = packages.map(({ manifest }) => manifest.name);
const folders = new Map<string, string>();
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gen-manifests-"));
  const stamp = { repository: "https://github.com/OWNER/gen", gitHead: "", version: "0.1.0" };
  for (const one of packages) folders.set(one.manifest.name, stage(one, packages, stamp, folder));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const folderOf = (name: string): string => folders.get(name) ?? "";

/** What publint says of a folder, all of which is published. */
async function lint(pkgDir: string): Promise<string[]> {
  const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true });
  return messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
}

it("publint finds nothing in any package", async () => {
  for (const name of names) expect(await lint(folderOf(name)), name).toEqual([]);
}, 60_000);

it("publint sees an entry point whose file is missing", async () => {
  const [one] = packages;
  const damaged = stage(
    one,
    packages,
    { repository: "", gitHead: "", version: "0.1.0" },
    join(folder, "damaged"),
  );
  rmSync(join(damaged, "dist/index.js"));
  expect((await lint(damaged)).join("\n")).toContain("does not exist");
});

/** The package as are-the-types-wrong reads it. */
function packageOf(name: string): Package {
  const from = folderOf(name);
  const files: Record<string, Uint8Array> = {};
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[`/node_modules/${name}/${relative(from, path).replaceAll("\\", "/")}`] =
      readFileSync(path);
  }
  return new Package(files, name, "0.1.0");
}

// The packages are ES modules, so that neither TypeScript's oldest resolution, which knows no
// `exports`, nor `require` before Node 20.19 finds them. Both are stated: `engines`, `type`.
const notOurs = (problem: Problem): boolean =>
  "resolutionKind" in problem && /^node10$|^node16-cjs$/.test(problem.resolutionKind);

it.runIf(all).each(names)("the types of %s are right", async (name) => {
  const result = await checkPackage(packageOf(name));
  if (!result.types) throw new Error(`${name} has no types`);
  expect(Object.keys(result.entrypoints).length).toBeGreaterThan(0);
  expect(result.problems.filter((problem) => !notOurs(problem))).toEqual([]);
});
