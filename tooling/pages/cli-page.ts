/*
 * The pages of the `gen` command, made from the command itself: its options, what their parsers
 * accept, its notes and its examples. The Chinese page has the texts of `--lang zh`.
 */
import { commandTexts } from "../../packages/cli/src/chinese-help.ts";
import { textAfterHelp } from "../../packages/cli/src/help-language.ts";
import { SAMPLERS, topics } from "../../packages/cli/src/help-topics.ts";
import { chineseTopics } from "../../packages/cli/src/help-topics-zh.ts";
import { program } from "../../packages/cli/src/program.ts";
import { examplesOf, notesOf, optionText } from "../../packages/cli/src/speak-chinese.ts";
import { cliWords, valueText } from "./cli-words.ts";
import { type Language, markdownTable } from "./written-parts.ts";

/** A command of commander. */
export type Command = ReturnType<typeof program>;

type Option = Command["options"][number];

export interface CliCommand {
  /** Such as `train vae`; empty for `gen` itself. */
  readonly path: string;
  readonly command: Command;
}

/** The commands that have a page: `gen`, and each command that does something. */
export function cliCommands(command: Command = program(), path = ""): CliCommand[] {
  const children = command.commands.flatMap((child) =>
    cliCommands(child, `${path} ${child.name()}`.trim()),
  );
  return path === "" || command.commands.length === 0 ? [{ path, command }, ...children] : children;
}

/** The name of a command's page. */
export const pageOf = (path: string): string => (path === "" ? "index" : path.replace(" ", "-"));

/** The parts of a command's page. */
export function cliParts(
  { path, command }: CliCommand,
  language: Language,
): Readonly<Record<string, string>> {
  const words = cliWords[language];
  const notes = language === "zh" ? notesOf(path) : englishNotes(command);
  const isHead = (line: string) => /^(Samplers|采样器):$/.test(line);
  const list = notes.some(isHead) ? notes : [];
  const samplers = list.flatMap((line) => {
    const [, name, method] = /^ {2}(\S+) +(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[`\`${name}\``, `${method}${words.stop}`]];
  });
  const paragraphs = notes.filter((line) => line !== "" && !line.startsWith("  ") && !isHead(line));
  const examples = ["```sh", ...examplesOf(command), "```"].join("\n");
  const sections = [
    section(words.usage, "usage", `\`\`\`text\ngen ${`${path} ${command.usage()}`.trim()}\n\`\`\``),
    ...(path === "" ? [section(words.commands, "commands", commandTable(language))] : []),
    ...command.registeredArguments.map((argument) =>
      section(words.argument, "argument", argumentText(argument.description, path, language)),
    ),
    ...(command.options.length > 0
      ? [
          section(
            words.options,
            "options",
            command.options.map((option) => optionSection(path, option, language)).join("\n\n"),
          ),
        ]
      : []),
    ...(samplers.length > 0
      ? [
          section(
            words.samplers,
            "sampler-list",
            markdownTable([words.sampler, words.method], samplers),
          ),
        ]
      : []),
    ...(paragraphs.length > 0
      ? [section(words.notes, "notes", paragraphs.map(asMarkdown).join("\n\n"))]
      : []),
    section(words.examples, "examples", examples),
  ];
  return {
    command: sections.join("\n\n"),
    ...(path === "help" && { topics: topicSections(language) }),
  };
}

/** The topics of `gen help`; lines that stay as they are become code. */
function topicSections(language: Language): string {
  const all = language === "zh" ? chineseTopics : topics();
  const parts = Object.entries(all).map(([name, topic]) => {
    const paragraphs = topic.text.split("\n\n").map((part) => {
      if (part === SAMPLERS) return cliWords[language].seeSamplers;
      if (part.startsWith("  ")) return `\`\`\`text\n${part.replaceAll(/^ {2}/gm, "")}\n\`\`\``;
      return asMarkdown(part.replaceAll("\n", language === "zh" ? "" : " "));
    });
    return section(`${name}: ${topic.title}`, name, paragraphs.join("\n\n"));
  });
  return parts.join("\n\n");
}

const section = (title: string, id: string, body: string) => `## ${title} {#${id}}\n\n${body}`;

/** The paragraphs and the lines of samplers of the English help. */
function englishNotes(command: Command): string[] {
  const text = textAfterHelp(command).replace(/Examples:\n(?: {2}.*\n?)*/, "");
  return text
    .split("\n\n")
    .flatMap((part) =>
      part.includes("\n  ") ? part.split("\n") : [part.trim().replaceAll("\n", " ")],
    )
    .filter((part) => part !== "");
}

function argumentText(description: string, path: string, language: Language): string {
  const text = language === "zh" ? (commandTexts[path].argument ?? "") : description;
  return sentence(text, language);
}

function commandTable(language: Language): string {
  const { command, does } = cliWords[language];
  const rows = cliCommands()
    .filter(({ path }) => path !== "")
    .map((one) => [
      `[\`gen ${one.path}\`](./${pageOf(one.path)}.md)`,
      language === "zh"
        ? `${commandTexts[one.path].description}。`
        : sentence(one.command.description(), "en"),
    ]);
  return markdownTable([command, does], rows);
}

const DEFAULT: Readonly<Record<Language, RegExp>> = {
  en: / \(default([^:()]*): ([^()]*)\)$/,
  zh: /（默认([^：（）]*)：([^（）]*)）$/,
};

function optionSection(path: string, option: Option, language: Language): string {
  const words = cliWords[language];
  const text = language === "zh" ? (optionText(path, option) ?? "") : option.description;
  const [ending = "", ofWhat = "", preset = ""] = DEFAULT[language].exec(text) ?? [];
  const shown = option.required ? (option.defaultValue ?? preset) : preset;
  const facts = [
    ...(option.required ? [`**${words.takes}** ${takes(option, language)}`] : []),
    ...(`${shown}` === "" ? [] : [`**${words.byDefault}${ofWhat}** ${asDefault(option, shown)}`]),
  ];
  const flags = option.flags.replace(/^-\w, /, "");
  return [
    `### \`${flags}\` {#${option.long?.replace(/^--/, "")}}`,
    sentence(text.slice(0, text.length - ending.length), language),
    ...(facts.length > 0 ? [facts.join(" · ")] : []),
  ].join("\n\n");
}

const asDefault = ({ defaultValue }: Option, shown: unknown) =>
  defaultValue === undefined ? asMarkdown(`${shown}`) : `\`${shown}\``;

/** What an option's parser accepts, in the words of its refusal. */
function takes({ argChoices, parseArg, long }: Option, language: Language): string {
  const words = cliWords[language];
  if (long === "--sampler") return words.aSampler;
  if (argChoices) return words.listOf(argChoices.map((name) => `\`${name}\``));
  if (!parseArg) return words.text;
  return asMarkdown(valueText(ruleOf(parseArg), language));
}

type Parser = NonNullable<Option["parseArg"]>;

/** The rule that a parser states when it refuses a value. */
function ruleOf(parse: Parser): string {
  try {
    parse("", undefined);
  } catch (error) {
    return (error as Error).message.replace(/^It must be (.*)\.$/, "$1");
  }
  throw new Error("a parser accepts an empty text");
}

/** A description as a sentence. */
function sentence(text: string, language: Language): string {
  const begun =
    language === "en" && /^[a-z]+ /.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
  return `${asMarkdown(begun)}${/[.。]$/.test(begun) ? "" : cliWords[language].stop}`;
}

const CODE =
  /--[a-z][a-z-]*|\b[\w.-]+\/[\w./-]*\.(?:onnx|json)\b|\bGEN_DEBUG=1|torch\.manual_seed\(n\)/g;

/** A text of the help as Markdown: flags and files are code. */
const asMarkdown = (text: string): string =>
  text
    .split("`")
    .map((part, i) =>
      i % 2 === 1
        ? `\`${part}\``
        : part.replaceAll("<", "&lt;").replace(CODE, (code) => `\`${code}\``),
    )
    .join("");
