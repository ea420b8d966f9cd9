/*
 * The recipes of docs/recipes.md, applied to a copy of the tree, with the check of each; and a new
 * package there, which lint and check accept. A copy needs its own installation, so this runs with
 * GEN_TEST_ALL=1. Without it, each block must still find its place.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyTree } from "../fixtures/tree-copy.ts";
import { root } from "./shell.mjs";

const page = readFileSync(join(root, "docs", "recipes.md"), "utf8");
const recipes = page
  .split(/^## /m)
  .slice(1)
  .map((text) => ({
    title: text.slice(0, text.indexOf("\n")),
    blocks: [...text.matchAll(/^```ts\n\/\/ (\S+?)(?:, after "([^\n]*)")?\n(.*?)^```/gms)].map(
      ([, path, after, code]) => ({ path, after, code }),
    ),
    checks: [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, code]) =>
      code.trim().split("\n"),
    ),
  }));
const written = recipes.filter(({ blocks }) => blocks.length > 0);

/** A file's text with a block behind its line, or the block alone. */
function applied(text: string, after: string | undefined, code: string): string {
  if (after === undefined) return code;
  const lines = text.split("\n");
  const found = lines.flatMap((line, i) => (line.includes(after) ? [i] : []));
  if (found.length !== 1) throw new Error(`"${after}" is in ${found.length} lines`);
  return lines.toSpliced(found[0] + 1, 0, code.trimEnd()).join("\n");
}

describe.each(written)("$title", ({ blocks, checks }) => {
  it.each(blocks)("$path has a place for its block", ({ path, after, code }) => {
    expect(existsSync(join(root, path))).toBe(after !== undefined);
    const text = after === undefined ? "" : readFileSync(join(root, path), "utf8");
    expect(applied(text, after, code)).toContain(code.trim());
  });
  it("has a check", () => expect(checks.length).toBeGreaterThan(0));
});

it("all kinds have a recipe", () => {
  expect(written.map(({ title }) => title)).toEqual([
    ...["A sampler", "An operation", "A backend", "A figure"],
  ]);
});

describe.runIf(process.env.GEN_TEST_ALL === "1")("in a copy of the tree", () => {
  const { folder, run, remove } = copyTree();
  afterAll(remove);
  beforeAll(async () => {
    await run("git init --quiet && git add --all");
    await run("node tooling/scripts/ready.mjs");
  }, 1800_000);

  it("a new package passes lint, check and its test", { timeout: 3600_000 }, async () => {
    await run("npm run new:package -- flow-maps --floor 2");
    await run("git add --all && npm run lint");
    await run("npx tsc -b && npx tsc -p tsconfig.test.json");
    expect(await run("npx vitest run packages/flow-maps")).toContain("1 passed");
    await expect(run("npm run new:package -- flow-maps")).rejects.toThrow("exists already");
    await expect(run("npm run new:package -- Flow")).rejects.toThrow("usage: npm run new:package");
    await expect(run("npm run new:package -- low --floor 1")).rejects.toThrow("--floor must be");
  });

  it.each(written)("$title", { timeout: 3600_000 }, async ({ blocks, checks }) => {
    for (const { path, after, code } of blocks) {
      const place = join(folder, path);
      mkdirSync(dirname(place), { recursive: true });
      const text = after === undefined ? "" : readFileSync(place, "utf8");
      writeFileSync(place, applied(text, after, code));
    }
    for (const line of checks) await run(line);
  });
});
