/*
 * The help in Chinese. `gen` loads this file and its texts only when it prints help in Chinese, so
 * no other call starts later.
 */
import type { EventEmitter } from "node:events";
import type { Command, Option } from "commander";
import { commandTexts, helpTexts, optionTexts, samplerTexts, titles } from "./chinese-help.ts";
import { textAfterHelp } from "./help-language.ts";
import { SAMPLERS, type TopicName } from "./help-topics.ts";
import { chineseTopics } from "./help-topics-zh.ts";

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/g;

/** The columns that a text takes in a terminal; a Chinese character takes two. */
export const columnsOf = (text: string): number => text.length + (text.match(WIDE)?.length ?? 0);

/** A character or a word, with the marks that may not begin a line, or that may not end one. */
const UNIT = /\s*[（“]*(?:\p{Script=Han}|[^\s\p{Script=Han}，。；：、（）“”]+)[，。；：、）”]*/gu;

/** Breaks a Chinese text into lines of so many columns. */
export function wrapChinese(text: string, columns: number): string {
  const lines = text.split("\n").flatMap((line) => {
    const parts = [""];
    for (const [unit] of line.matchAll(UNIT)) {
      const now = parts[parts.length - 1];
      if (now !== "" && columnsOf(now + unit) > columns) parts.push(unit.trimStart());
      else parts[parts.length - 1] += unit;
    }
    return parts;
  });
  return lines.join("\n");
}

/** The Chinese text of an option of the command at a path, such as `train vae`. */
export const optionText = (path: string, { long }: Pick<Option, "long">): string | undefined =>
  optionTexts[`${path} ${long}`] ?? optionTexts[`${long}`];

/** The notes of the command at a path in Chinese: one paragraph a line. */
export function notesOf(path: string): readonly string[] {
  const { notes = [] } = commandTexts[path];
  return notes.flatMap((note) => (note === "samplers" ? ["采样器:", ...samplerLines()] : [note]));
}

const samplerLines = () =>
  Object.entries(samplerTexts).map(([name, text]) => `  ${name.padEnd(20)} ${text}`);

/** The examples of a command, which both languages share. */
export const examplesOf = (command: Command): string[] =>
  (textAfterHelp(command).split(/^Examples:\n/m)[1] ?? "").split("\n").flatMap((line) => {
    const [, example] = /^ {2}(gen .*)$/.exec(line) ?? [];
    return example === undefined ? [] : [example];
  });

/** A topic of `gen help` in Chinese, in lines of 80 columns. */
export const chineseTopic = (name: TopicName): string =>
  chineseTopics[name].text
    .replace(SAMPLERS, samplerLines().join("\n"))
    .split("\n")
    .map((line) => (line.startsWith("  ") ? line : wrapChinese(line, 80)))
    .join("\n");

/** What an option takes and what it is without it, as Chinese help shows them. */
function extras({ argChoices, defaultValue, required }: Option): string {
  const parts = [
    ...(argChoices ? [`可选：${argChoices.join("、")}`] : []),
    ...(required && defaultValue !== undefined ? [`默认：${defaultValue}`] : []),
  ];
  return parts.length > 0 ? `（${parts.join("；")}）` : "";
}

/** Gives a command and its subcommands Chinese help. */
export function speakChinese(command: Command, path = ""): void {
  const { description, notes = [] } = commandTexts[path];
  const examples = examplesOf(command);
  command.description(description).helpOption("-h, --help", helpTexts.option);
  for (const option of command.options) option.description = optionText(path, option) ?? "";
  for (const argument of command.registeredArguments)
    argument.description = commandTexts[path].argument ?? "";
  const hasHelp = command.commands.some((child) => child.name() === "help");
  if (command.commands.length > 0 && !hasHelp)
    command.helpCommand("help [command]", helpTexts.command);
  command.configureHelp({
    displayWidth: columnsOf,
    boxWrap: wrapChinese,
    styleTitle: (title) => titles[title] ?? title,
    optionDescription: (option) => `${option.description}${extras(option)}`,
  });
  // commander's types do not say that a command emits events.
  (command as unknown as EventEmitter).removeAllListeners("afterHelp");
  const text = notesOf(path).map((line) => (line.startsWith("  ") ? line : wrapChinese(line, 80)));
  const shown = examples.length > 0 ? ["示例:", ...examples.map((line) => `  ${line}`)] : [];
  const blank = notes.length > 0 && examples.length > 0 ? [""] : [];
  if (text.length + shown.length > 0)
    command.addHelpText("after", ["", ...text, ...blank, ...shown].join("\n"));
  for (const child of command.commands) speakChinese(child, `${path} ${child.name()}`.trim());
}
