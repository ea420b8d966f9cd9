import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { fencesOf, pages } from "../scripts/fences.mjs";

const root = join(import.meta.dirname, "..", "..", "..");
const built = join(root, "packages", "cli", "dist", "gen.js");
const folder = mkdtempSync(join(tmpdir(), "gen-docs-"));
const read = (page: string) => readFileSync(join(root, page), "utf8");

/** The commands in a page's `console` fences, each with the output that the page shows. */
const transcripts = (page: string) =>
  fencesOf(read(page), "console").flatMap(({ line, code }) =>
    code.split(/^\$ /m).flatMap((text) => {
      const [command, ...shown] = text
        .trimEnd()
        .replaceAll(/ \\\n */g, " ")
        .split("\n");
      return command ? [{ line, command, shown }] : [];
    }),
  );

/** The words of a command, of which one in quotes may have spaces. */
const wordsOf = (command: string) =>
  Array.from(command.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain);

/** A pattern of the lines shown. A line `...` stands for any lines. */
const pattern = (shown: readonly string[]) => {
  const lines = shown.map((line) =>
    line === "..." ? "(?:.*\\n)*" : `${line.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}\\n`,
  );
  return new RegExp(`^${lines.join("")}$`);
};

beforeAll(() => {
  if (!existsSync(built)) throw new Error(`${built} is missing; run: npm run build`);
  // Commands use paths from the repository's root, but must write to another folder.
  symlinkSync(join(root, "packages"), join(folder, "packages"), "junction");
  // A tiny Stable Diffusion, for the command that makes pictures of prompts.
  modelFolder("sd1").write(join(folder, "sd1"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("each command on a page prints the output that the page shows", () => {
  const english = pages().filter((page) => !page.startsWith("apps/docs/zh/"));
  const all = english.flatMap((page) => transcripts(page).map((one) => ({ page, ...one })));

  it.each(all)("$page:$line $command", ({ command, shown }) => {
    const [name, ...args] = wordsOf(command);
    expect(name).toBe("gen");
    const env = { ...process.env, NODE_OPTIONS: "" };
    const ran = spawnSync(process.execPath, [built, ...args], { cwd: folder, env });
    expect(ran.status, String(ran.stderr)).toBe(0);
    expect(String(ran.stdout)).toMatch(pattern(shown));
  });

  it("in both languages", () => {
    expect(all.length).toBeGreaterThan(0);
    for (const page of english.filter((page) => /^apps\/docs\/(?!symbols)/.test(page))) {
      const chinese = page.replace("apps/docs/", "apps/docs/zh/");
      const texts = (path: string) => transcripts(path).map(({ line: _, ...rest }) => rest);
      expect(texts(chinese), chinese).toEqual(texts(page));
    }
  });

  it("and a wrong output fails", () => {
    expect("a\nb\nc\n").toMatch(pattern(["a", "...", "c"]));
    expect("a\nb\nc\n").not.toMatch(pattern(["a", "c"]));
    expect("a (1.5)\n").not.toMatch(pattern(["a (1x5)"]));
    expect("a\nb\n").not.toMatch(pattern(["a"]));
  });
});
