/*
 * --config and --print-config, which every command has: a run as a JSON file.
 *
 *   { "gen": "0.1.0", "command": "train ddpm", "given": ["data"],
 *     "options": { "data": "digits", "steps": 5000, "seed": 0 } }
 *
 * Options have the names of their flags and are written as on the command line: numbers and true as
 * such, all else as texts, lists where a flag may be repeated. `given` lists those that are no
 * defaults, as for --seed it matters whether somebody chose its value.
 */
import { type Command, CommanderError, InvalidArgumentError, type Option } from "commander";
import { usageError } from "./errors.ts";
import { parseJson, readBounded } from "./files.ts";
import {
  classLabels,
  controlFile,
  dimension,
  embeddingFile,
  loraFile,
  namedPath,
  pageOrigin,
  path as pathParser,
} from "./options.ts";
import { note } from "./terminal.ts";
import { version } from "./versions.ts";

const limit = 2 ** 22;

/** The parsers of flags that may be repeated. */
export const repeatable: ReadonlySet<unknown> = new Set([
  dimension,
  namedPath,
  loraFile,
  embeddingFile,
  controlFile,
  classLabels,
  pageOrigin,
]);

/** A file must not choose these: it would replace results, or lead to another file. */
const onCommandLine = ["--force", "--config", "--print-config"];

/** What a file may hold. */
interface RunConfig {
  readonly gen?: string;
  readonly command?: string;
  readonly arguments?: readonly string[];
  readonly given?: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Adds --config and --print-config to a command at a path, such as `train vae`. */
export function withConfig(command: Command, path: string): void {
  /** What was given for each option, as texts. */
  const texts = new Map<Option, string[]>();
  for (const option of command.options) {
    command.on(`option:${option.name()}`, (text?: string) => {
      if (text !== undefined) texts.set(option, [...(texts.get(option) ?? []), text]);
    });
  }
  command
    .option(
      "--config <file.json>",
      "take the options of a file, as --print-config prints them; flags win over it",
      pathParser,
    )
    .option("--print-config", "print all options as JSON, and do nothing", false);
  const required = command.registeredArguments.filter((argument) => argument.required);
  // The file may have the arguments.
  command.on("option:config", () => {
    for (const argument of required) argument.required = false;
  });
  command.hook("preAction", async () => {
    const { config, printConfig } = command.opts();
    if (config !== undefined) await applyConfig(command, path, config, texts);
    const missing = required.find(
      (argument) => command.processedArgs[command.registeredArguments.indexOf(argument)] == null,
    );
    if (missing) throw usageError(`missing required argument '${missing.name()}'`);
    if (!printConfig) return;
    const text = JSON.stringify(configOf(command, path, texts), null, 2);
    process.stdout.write(`${text}\n`);
    throw new CommanderError(0, "gen.printed", "");
  });
}

type Texts = ReadonlyMap<Option, readonly string[]>;

const keyOf = ({ long }: Option) => `${long}`.slice(2);

const isSwitch = (option: Option) => option.isBoolean() || option.negate;

/** The options of a command as a file has them. */
function configOf(command: Command, path: string, texts: Texts): RunConfig {
  const options: Record<string, unknown> = {};
  const given: string[] = [];
  for (const option of command.options) {
    const value = command.getOptionValue(option.attributeName());
    if (value === undefined || onCommandLine.includes(`${option.long}`)) continue;
    options[keyOf(option)] = writtenValue(option, value, texts.get(option));
    if (command.getOptionValueSource(option.attributeName()) !== "default")
      given.push(keyOf(option));
  }
  const all = command.registeredArguments.length > 0 && { arguments: command.args };
  return { gen: version(), command: path, ...all, given, options };
}

function writtenValue(option: Option, value: unknown, texts: readonly string[] | undefined) {
  if (isSwitch(option)) return option.negate ? !value : value;
  if (!texts) return Array.isArray(value) ? value.join(",") : value;
  if (repeatable.has(option.parseArg)) return texts;
  const text = texts[texts.length - 1];
  return isNumber(value, text) ? value : text;
}

/** Whether a value is the number that its text is; 30s is none. */
const isNumber = (value: unknown, text: string): boolean =>
  typeof value === "number" && Number(text) === value;

/** Sets the options and arguments of a file where the command line has none. */
async function applyConfig(
  command: Command,
  path: string,
  file: string,
  texts: Map<Option, string[]>,
): Promise<void> {
  const flag = `--config ${file}`;
  const config = await readConfig(file, flag, path);
  for (const [key, value] of Object.entries(config.options)) {
    const option = command.options.find(({ long }) => long === `--${key}`);
    if (!option) {
      const known = command.options
        .map(keyOf)
        .filter((name) => !onCommandLine.includes(`--${name}`));
      throw usageError(
        `${flag}: gen ${path} has no option ${JSON.stringify(key)}; allowed are ${known.join(" ")}`,
      );
    }
    if (onCommandLine.includes(`${option.long}`))
      throw usageError(`${flag}: ${key} must be given on the command line`);
    const { parsed, written } = parsedValue(option, value, `${flag}: ${key}`);
    const name = option.attributeName();
    if (command.getOptionValueSource(name) === "cli") continue;
    const isDefault =
      JSON.stringify(parsed) === JSON.stringify(command.getOptionValue(name)) &&
      !config.given?.includes(key);
    if (isDefault) continue;
    command.setOptionValueWithSource(name, parsed, "config");
    if (written) texts.set(option, written);
  }
  applyArguments(command, config.arguments ?? [], flag);
}

const FIELDS: Readonly<Record<keyof RunConfig, (value: unknown) => boolean>> = {
  gen: (value) => typeof value === "string",
  command: (value) => typeof value === "string",
  arguments: (value) => isTexts(value),
  given: (value) => isTexts(value),
  options: (value) => isRecord(value),
};

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((text) => typeof text === "string");

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function readConfig(file: string, flag: string, path: string): Promise<RunConfig> {
  const bytes = await readBounded(file, limit);
  if (!bytes) throw usageError(`${flag}: no such file`);
  const found = parseJson<unknown>(bytes);
  if (!isRecord(found) || !isRecord(found.options))
    throw usageError(`${flag} must be a JSON object with options, as --print-config prints it`);
  for (const [name, value] of Object.entries(found)) {
    if (!Object.hasOwn(FIELDS, name))
      throw usageError(
        `${flag} must have no ${JSON.stringify(name)}; allowed are ${Object.keys(FIELDS).join(" ")}`,
      );
    if (!FIELDS[name as keyof RunConfig](value))
      throw usageError(`${flag}: ${name} must be as --print-config prints it`);
  }
  const config = found as unknown as RunConfig;
  if (config.command !== undefined && config.command !== path)
    throw usageError(`${flag} is for gen ${config.command}, got it with gen ${path}`);
  if (config.gen !== undefined && config.gen !== version())
    note(`${flag} is of gen ${config.gen}, and this is ${version()}: results may differ`);
  return config;
}

/** A value of a file, as its flag's parser gives it, and its texts. */
function parsedValue(option: Option, value: unknown, where: string) {
  if (isSwitch(option)) {
    if (typeof value !== "boolean")
      throw usageError(`${where} must be true or false, got ${JSON.stringify(value)}`);
    return { parsed: option.negate ? !value : value };
  }
  const isList = repeatable.has(option.parseArg) && Array.isArray(value);
  const all: readonly unknown[] = isList ? value : [value];
  let parsed: unknown;
  const written: string[] = [];
  for (const one of all) {
    if (typeof one !== "string" && typeof one !== "number")
      throw usageError(`${where} must be a text or a number, got ${JSON.stringify(one)}`);
    parsed = parsedText(option, String(one), parsed, where);
    if (typeof one === "string" && isNumber(parsed, one))
      throw usageError(`${where} must be a number, got ${JSON.stringify(one)}`);
    written.push(String(one));
  }
  return { parsed, written };
}

function parsedText(option: Option, text: string, before: unknown, where: string): unknown {
  if (!option.parseArg) return text;
  try {
    return option.parseArg(text, before);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw usageError(`${where} ${JSON.stringify(text)} is invalid. ${error.message}`);
  }
}

function applyArguments(command: Command, given: readonly string[], flag: string): void {
  const { registeredArguments: known } = command;
  const most = known.at(-1)?.variadic ? Infinity : known.length;
  if (given.length > most)
    throw usageError(`${flag}: arguments must have at most ${most}, got ${given.length}`);
  if (command.args.length > 0 || given.length === 0) return;
  command.args = [...given];
  command.processedArgs = known.map((argument, i) =>
    argument.variadic ? given.slice(i) : given[i],
  );
}
