import { readdirSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { type CliCommand, cliCommands, cliParts, pageOf } from "../../../tooling/pages/cli-page.ts";
import { expectParts, languages, pageText } from "../../../tooling/pages/written-parts.ts";
import { fencesOf } from "../scripts/fences.mjs";
import { idleProgram, wordsOf } from "./command-lines.ts";

/*
 * The pages of the command. GEN_WRITE_PAGES=1 writes the parts that come from the command.
 */

const commands = cliCommands();

test("each command has a page, and no page is left over", () => {
  const names = commands.map(({ path }) => `${pageOf(path)}.md`).sort();
  for (const { prefix } of languages)
    expect(readdirSync(new URL(`../${prefix}cli`, import.meta.url)).sort()).toEqual(names);
});

describe.each(commands)("the pages of gen $path", (one: CliCommand) => {
  const { path, command } = one;

  it("have the command's options, notes and examples", () => {
    for (const { language, prefix } of languages)
      expectParts(`${prefix}cli/${pageOf(path)}.md`, cliParts(one, language));
  });

  it("say of each number what the parser accepts", () => {
    for (const { parseArg, long } of command.options) {
      const section = pageText(`cli/${pageOf(path)}.md`).split(`{#${long?.slice(2)}}\n`)[1] ?? "";
      const [, text = "", open, low, high] =
        /\*\*Takes\*\* a (?:whole )?number (in ([[(])([\d.]+), ([\d.,]+)\])/.exec(
          section.split("\n### ")[0],
        ) ?? [];
      if (text === "" || !parseArg) continue;
      const bounds = [Number(low), Number(high.replaceAll(",", ""))];
      const parse = (value: number) => parseArg(String(value), undefined);
      expect(parse(bounds[1]), `${long} ${text}`).toBe(bounds[1]);
      expect(() => parse(bounds[1] + 1), `${long} ${text}`).toThrow();
      expect(() => parse(bounds[0] - 1), `${long} ${text}`).toThrow();
      if (open === "(") expect(() => parse(bounds[0]), `${long} ${text}`).toThrow();
      else expect(parse(bounds[0]), `${long} ${text}`).toBe(bounds[0]);
    }
  });
});

const lines = commands.flatMap(({ path }) =>
  ["cli", "zh/cli"].flatMap((folder) =>
    ["sh", "ini"].flatMap((kind) =>
      fencesOf(pageText(`${folder}/${pageOf(path)}.md`), kind).flatMap(({ code }) =>
        code
          .split("\n")
          // A unit of systemd has the command's path before it.
          .map((line) => line.replace(/^ExecStart=\S+ /, ""))
          .filter((line) => line.startsWith("gen ")),
      ),
    ),
  ),
);

it.each([...new Set(lines)])("the command takes the example: %s", async (line) => {
  const [, ...args] = wordsOf(line);
  await idleProgram().parseAsync(args, { from: "user" });
});

it("refuses a wrong example", async () => {
  const parsed = idleProgram().parseAsync(["sample", "--colour"], { from: "user" });
  await expect(parsed).rejects.toThrow("unknown option '--colour'");
});
