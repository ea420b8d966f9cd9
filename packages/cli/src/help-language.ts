import type { Command } from "commander";
import { usageError } from "./errors.ts";

/** The languages of the help. */
export const helpLanguages = ["en", "zh"] as const;

export type HelpLanguage = (typeof helpLanguages)[number];

/** The language of a name such as `zh`, `zh-CN` or `zh_CN.UTF-8`; undefined for another language. */
const languageOf = (name: string): HelpLanguage | undefined =>
  helpLanguages.find((code) => new RegExp(`^${code}(?![a-z])`, "i").test(name));

/** The language of the environment: of the first variable that is set, as in POSIX. */
const environmentLanguage = ({ LC_ALL, LC_MESSAGES, LANG }: NodeJS.ProcessEnv): HelpLanguage =>
  languageOf(LC_ALL || LC_MESSAGES || LANG || "") ?? "en";

/**
 * Takes `--lang` out of the arguments, wherever it stands before `--`. Without it the environment
 * says the language.
 *
 * @throws GenError `usage` when the language is another.
 */
export function takeLanguage(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): { readonly language: HelpLanguage; readonly rest: string[] } {
  const rest = [...args];
  const end = rest.indexOf("--");
  const at = rest.findIndex((arg, i) => /^--lang(=|$)/.test(arg) && (end < 0 || i < end));
  if (at < 0) return { language: environmentLanguage(environment), rest };
  const isJoined = rest[at].includes("=");
  const name = isJoined ? rest[at].slice("--lang=".length) : (rest[at + 1] ?? "");
  const language = languageOf(name);
  if (!language)
    throw usageError(`--lang must be ${helpLanguages.join(" or ")}, got ${name || "nothing"}`);
  rest.splice(at, isJoined ? 1 : 2);
  return { language, rest };
}

/** Whether these arguments ask for help. */
export const asksHelp = (args: readonly string[]): boolean =>
  args[0] === "help" || args.some((arg) => arg === "--help" || arg === "-h");

/** The text of a command's help below its options: notes and examples. */
export function textAfterHelp(command: Command): string {
  const { writeOut } = command.configureOutput();
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  command.configureOutput({ writeOut });
  return text.slice(command.helpInformation().length).trim();
}
