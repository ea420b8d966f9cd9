import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it, test } from "vitest";
import { commandTexts, optionTexts, samplerTexts } from "../src/chinese-help.ts";
import { asksHelp, takeLanguage, textAfterHelp } from "../src/help-language.ts";
import { program } from "../src/program.ts";
import { samplerNames } from "../src/samplers.ts";
import {
  columnsOf,
  examplesOf,
  optionText,
  speakChinese,
  wrapChinese,
} from "../src/speak-chinese.ts";
import { gen, scratch } from "./gen.ts";

const { at } = scratch();

/** Every command with its path. */
const commandsOf = (command: Command, path = ""): { path: string; command: Command }[] => [
  { path, command },
  ...command.commands.flatMap((child) => commandsOf(child, `${path} ${child.name()}`.trim())),
];

/** Numbers, flags, names of files and abbreviations: what a translation keeps. */
const kept = (text: string) =>
  [
    ...new Set(text.match(/--[a-z-]+|\d+(?:\.\d+)?|[\w/]+\.(?:onnx|json|npy|png)|\b[A-Z]{2,}\w*/g)),
  ].sort();

const english = commandsOf(program());

describe.each(english)("gen $path in Chinese", ({ path, command }) => {
  it("has each option, with the numbers and names of the English text", () => {
    for (const option of command.options) {
      const text = optionText(path, option);
      expect(text, `${path} ${option.long}`).toMatch(/\p{Script=Han}/u);
      expect(kept(text ?? ""), `${path} ${option.long}`).toEqual(kept(option.description));
      expect(text?.includes("（默认"), `${path} ${option.long}`).toBe(
        option.description.includes("(default"),
      );
    }
  });

  it("has a description, an argument and notes where English has them", () => {
    const { description, argument, notes = [] } = commandTexts[path];
    expect(description).toMatch(/\p{Script=Han}/u);
    expect(argument !== undefined).toBe(command.registeredArguments.length > 0);
    const [before] = textAfterHelp(command).split("Examples:");
    const rest =
      path === "" ? textAfterHelp(command).replace(/Examples:\n( {2}.*\n)*/, "") : before;
    const [own] = rest.includes("Samplers:")
      ? [rest.replace(/Samplers:\n( {2}.*\n)*/, "")]
      : [rest];
    expect(kept(notes.filter((note) => note !== "samplers").join("\n"))).toEqual(kept(own));
    expect(notes.includes("samplers")).toBe(rest.includes("Samplers:"));
  });

  it("has the English examples, in at most 80 columns of text", () => {
    const gen = program();
    speakChinese(gen);
    const spoken = commandsOf(gen).find((one) => one.path === path)?.command as Command;
    const notes = textAfterHelp(spoken);
    const text = `${spoken.helpInformation()}\n${notes}`;
    for (const example of examplesOf(command)) expect(text).toContain(`\n  ${example}`);
    // The longest flag of `gen generate` leaves no room to break its descriptions, in English too.
    const broken = path === "generate" ? notes : text;
    const lines = broken.split("\n").filter((line) => !line.startsWith("  gen "));
    for (const line of lines) expect(columnsOf(line), line).toBeLessThanOrEqual(80);
    expect(text).not.toMatch(/Usage|Options|Commands|Examples|display help|default/);
  });
});

test("no text is left over", () => {
  const used = english.flatMap(({ path, command }) =>
    command.options.map(({ long }) =>
      `${path} ${long}` in optionTexts ? `${path} ${long}` : `${long}`,
    ),
  );
  expect(Object.keys(optionTexts).filter((key) => !used.includes(key))).toEqual([]);
  expect(Object.keys(commandTexts).sort()).toEqual(english.map(({ path }) => path).sort());
  expect(Object.keys(samplerTexts)).toEqual(samplerNames);
});

test("a Chinese text is broken where it may be, and nothing is lost", () => {
  const text = "按 Ctrl-C（见“帮助”）之后，文件夹仍然可用：unet/model.onnx、--out 与 [1, ...]。";
  const without = (text: string) => text.replace(/\s/g, "");
  for (let columns = 20; columns < 90; columns++) {
    const wrapped = wrapChinese(text, columns);
    expect(without(wrapped)).toBe(without(text));
    for (const line of wrapped.split("\n")) {
      expect(line).not.toMatch(/^[，。；：、）”]|[（“]$/);
      expect(columnsOf(line)).toBeLessThanOrEqual(columns);
    }
  }
});

describe("the language of the help", () => {
  it.each([
    [["--help", "--lang", "zh"], {}, "zh", ["--help"]],
    [["sample", "--lang=zh-CN", "-h"], {}, "zh", ["sample", "-h"]],
    [["sample"], { LANG: "zh_CN.UTF-8" }, "zh", ["sample"]],
    [["sample"], { LANG: "zh_CN.UTF-8", LC_ALL: "C" }, "en", ["sample"]],
    [["sample", "--lang", "en"], { LANG: "zh_CN.UTF-8" }, "en", ["sample"]],
    [["sample"], { LANG: "zha_CN" }, "en", ["sample"]],
    [["generate", "--", "--lang"], {}, "en", ["generate", "--", "--lang"]],
  ])("of %j with %j is %s", (args, environment, language, rest) => {
    expect(takeLanguage(args, environment)).toEqual({ language, rest });
  });

  it("is refused if it is another", () => {
    expect(() => takeLanguage(["--lang", "fr"], {})).toThrow("--lang must be en or zh, got fr");
    expect(() => takeLanguage(["--lang"], {})).toThrow("--lang must be en or zh, got nothing");
  });

  it("counts only for help", () => {
    expect(asksHelp(["help", "sample"]) && asksHelp(["sample", "-h"])).toBe(true);
    expect(asksHelp(["sample", "--model", "help"])).toBe(false);
  });
});

describe.concurrent("the command", () => {
  // Fails where the Chinese texts are loaded.
  const hooks = `export async function resolve(name, context, next) {
    if (name.includes("chinese")) throw new Error("loaded " + name);
    return next(name, context);
  }`;
  const path = at("no-chinese.mjs");
  const url = `data:text/javascript,${encodeURIComponent(hooks)}`;
  writeFileSync(
    path,
    `import { register } from "node:module";\nregister(${JSON.stringify(url)});\n`,
  );
  const node = ["--import", path];

  it("prints Chinese help on request, and by the environment", async () => {
    const asked = await gen(["sample", "--help", "--lang", "zh"]);
    const found = await gen(["sample", "--help"], { variables: { LC_ALL: "zh_CN.UTF-8" } });
    expect([asked.code, asked.stderr]).toEqual([0, ""]);
    expect(asked.stdout).toMatch(/^用法: gen sample.*采样器:\n.*示例:\n/s);
    expect(found.stdout).toBe(asked.stdout);
  });

  it("loads no Chinese text for any other call", async () => {
    expect((await gen(["sample", "--help"], { node })).code).toBe(0);
    const chinese = { node, variables: { LC_ALL: "zh_CN.UTF-8" } };
    expect((await gen(["--version"], chinese)).code).toBe(0);
    expect((await gen(["sample", "--help"], chinese)).code).not.toBe(0);
  });

  it("refuses another language in one line", async () => {
    const { code, stderr } = await gen(["--help", "--lang", "fr"]);
    expect([code, stderr]).toEqual([2, "gen: --lang must be en or zh, got fr\n"]);
  });
});
