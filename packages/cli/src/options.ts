import { backendNames as specificBackends } from "@gen/runtime-gpu/open";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ControlFile, EmbeddingFile, LoraFile } from "./picture-sources.ts";
import type { RateDecay } from "./rates.ts";
import type { LogKind } from "./training-log.ts";

/** The names that `--backend` takes; `onnx` and `tfjs` mean the best of their kind. */
export const backendNames: readonly string[] = ["onnx", "tfjs", ...specificBackends()];

/** Options of every command that computes. */
export interface CommonOptions {
  readonly backend: string;
  readonly seed: number;
  readonly force: boolean;
  readonly json: boolean;
  readonly out: string;
}

/** Parses a whole number in [low, high]. */
export const integer =
  (low: number, high = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `in [${low}, ${high}]`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };

/** Parses a number in [low, high], or in (low, high] with `above`. */
export const decimal =
  (low: number, high: number, above = false) =>
  (text: string): number => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if ((above ? value > low : value >= low) && value <= high) return value;
    throw new InvalidArgumentError(`It must be a number in ${above ? "(" : "["}${low}, ${high}].`);
  };

/** Parses two numbers `low,high`. */
export function range(text: string): readonly [number, number] {
  const parts = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [low, high] = parts;
  if (parts.length === 2 && parts.every(Number.isFinite) && low < high) return [low, high];
  throw new InvalidArgumentError("It must be two numbers, the lower first, such as 0,1.");
}

/** Parses how a learning rate falls, `cosine`, `linear`, `constant`, `step:1000` or `step:1000:0.5`. */
export function rateDecay(text: string): RateDecay {
  const name = text.trim();
  if (name === "cosine" || name === "linear" || name === "constant") return name;
  const [, steps = "0", factor = "0.1"] = /^step:(\d{1,9})(?::(\d*\.?\d+))?$/.exec(name) ?? [];
  const [every, by] = [Number(steps), Number(factor)];
  if (every > 0 && by > 0 && by <= 1) return `step:${every}:${by}`;
  throw new InvalidArgumentError(
    "It must be cosine, linear, constant, or step:STEPS:FACTOR with a factor in (0, 1], such as step:1000:0.5.",
  );
}

/** Parses the levels of the features of codes, `8,5,5,5`. */
export function codeLevels(text: string): readonly number[] {
  const levels = text.split(",").map((part) => (/^\d{1,5}$/.test(part.trim()) ? Number(part) : 0));
  const codes = levels.reduce((a, b) => a * b, 1);
  if (levels.every((level) => level >= 2) && levels.length <= 16 && codes <= 65_536) return levels;
  throw new InvalidArgumentError(
    "It must be whole numbers of at least 2 with commas between, whose product is at most 65536, such as 8,5,5,5.",
  );
}

/** Parses the kinds of logs, `jsonl`, `tensorboard` or `jsonl,tensorboard`. */
export function logKinds(text: string): readonly LogKind[] {
  const kinds = text.split(",").map((kind) => kind.trim());
  const isKind = (kind: string): kind is LogKind => kind === "jsonl" || kind === "tensorboard";
  if (kinds.every(isKind)) return kinds;
  throw new InvalidArgumentError("It must be jsonl, tensorboard, or both: jsonl,tensorboard.");
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Parses a time with its unit, `30s`, `10m` or `1.5h`, to seconds. */
export function timeLimit(text: string): number {
  const [, value = "0", unit = "s"] = /^(\d{1,7}(?:\.\d+)?)([smh])$/.exec(text.trim()) ?? [];
  const seconds = Number(value) * UNITS[unit];
  if (seconds > 0) return seconds;
  throw new InvalidArgumentError("It must be a time with its unit, such as 30s, 10m or 2h.");
}

/** Parses a width and a height, `512` or `512x768`. */
export function pixels(text: string): readonly [width: number, height: number] {
  const parts = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(text.trim());
  const [width, height] = parts ? [Number(parts[1]), Number(parts[2] ?? parts[1])] : [0, 0];
  if (width > 0 && height > 0) return [width, height];
  throw new InvalidArgumentError("It must be a width, or a width and a height, such as 64x48.");
}

/** Parses the same as height and width, in the order of a sample's shape. */
export function size(text: string): readonly [height: number, width: number] {
  const [width, height] = pixels(text);
  return [height, width];
}

/** Random changes of images in training, as `Augmentation` of `@gen/data`. */
export interface AugmentFlags {
  readonly flip?: true;
  readonly shift?: number;
  readonly rotate?: number;
  readonly dequantize?: true;
}

const AUGMENT = /^(?:(flip|dequantize)|shift:(\d{1,4})|rotate:(\d{1,3}(?:\.\d+)?))$/;

/** Parses random changes with commas between, `flip,shift:2,rotate:10,dequantize`. */
export function augmentation(text: string): AugmentFlags {
  const found: Record<string, true | number> = {};
  for (const word of text.split(",")) {
    const [, name, shift, rotate] = AUGMENT.exec(word.trim()) ?? [];
    if (name) found[name] = true;
    else if (Number(shift) > 0) found.shift = Number(shift);
    else if (Number(rotate) > 0 && Number(rotate) <= 180) found.rotate = Number(rotate);
    else {
      throw new InvalidArgumentError(
        "It must be flip, shift:PIXELS, rotate:DEGREES up to 180, dequantize, or several with commas, such as flip,shift:2.",
      );
    }
  }
  return found;
}

/** Parses `name=n` and adds it to the dimensions before it. */
export function dimension(
  text: string,
  before: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const at = text.lastIndexOf("=");
  const [name, value] = [text.slice(0, at), Number(text.slice(at + 1) || Number.NaN)];
  if (at > 0 && Number.isSafeInteger(value) && value > 0) return { ...before, [name]: value };
  throw new InvalidArgumentError("It must be a name and a positive whole number, as height=64.");
}

/** Parses `name=path` and adds it to those before it. */
export function namedPath(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  const [name, file] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || file.trim() === "") {
    throw new InvalidArgumentError("It must be a name and a file, as context=states.npy.");
  }
  if (!Object.hasOwn(before, name)) return { ...before, [name]: file };
  throw new InvalidArgumentError(`${name} is given twice.`);
}

/** Parses the path of a LoRA, with `:strength` or without, and adds it to those before it. */
export function loraFile(text: string, before: readonly LoraFile[] = []): readonly LoraFile[] {
  const [, path = text, strength = "1"] = /^(.+):(-?\d*\.?\d+)$/.exec(text) ?? [];
  if (path.trim() !== "") return [...before, { path, strength: Number(strength) }];
  throw new InvalidArgumentError(
    "It must be a file, or a file and a strength, as fox.safetensors:0.8.",
  );
}

/** Parses the path of a learned word's file, with `word=` or without, and adds it to those before it. */
export function embeddingFile(
  text: string,
  before: readonly EmbeddingFile[] = [],
): readonly EmbeddingFile[] {
  const [, word, path = ""] = /^(?:([^=/\\]+)=)?(.*)$/s.exec(text) ?? [];
  if (path.trim() !== "") return [...before, { path, ...(word !== undefined && { word }) }];
  throw new InvalidArgumentError(
    "It must be a file, or a word and a file, as fox=fox.safetensors.",
  );
}

/** A folder, a picture whose drive may have a colon, a scale, and two shares of the steps. */
const CONTROL =
  /^(.+?):((?:[A-Za-z]:[\\/])?[^:]+)(?::(-?\d*\.?\d+)(?::(\d*\.?\d+)-(\d*\.?\d+))?)?$/;

/**
 * Parses the folder of a ControlNet and its picture, with `:scale` and `:start-end` or without, and
 * adds them to those before them.
 */
export function controlFile(
  text: string,
  before: readonly ControlFile[] = [],
): readonly ControlFile[] {
  const [, net = "", path = "", scale = "1", start, end] = CONTROL.exec(text) ?? [];
  const part = start === undefined ? undefined : { start: Number(start), end: Number(end) };
  const isPart = !part || (part.start < part.end && part.end <= 1);
  if (net.trim() !== "" && path.trim() !== "" && isPart) {
    return [...before, { net, path, scale: Number(scale), ...part }];
  }
  throw new InvalidArgumentError(
    "It must be a folder and a picture, perhaps a scale, perhaps two shares of the steps in [0, 1], as canny:edges.png:0.8:0-0.5.",
  );
}

/** Parses a label, or several numbers with commas between, and adds it to those before it. */
export function classLabels(text: string, before: readonly string[] = []): readonly string[] {
  // A comma of a name stays: "white shark, man-eater".
  const labels = /^[\d, ]+$/.test(text) ? text.split(",") : [text];
  if (labels.every((label) => label.trim() !== "")) {
    return [...before, ...labels.map((label) => label.trim())];
  }
  throw new InvalidArgumentError("It must be a class, or numbers of classes, such as 3,7.");
}

/** Parses values with commas between; `read` gives undefined for a value that is not allowed. */
export const listOf =
  <T>(allowed: string, read: (text: string) => T | undefined) =>
  (text: string): readonly T[] => {
    const values = text.split(",").map((part) => read(part.trim()));
    const found = values.filter((value) => value !== undefined);
    if (found.length === values.length && new Set(found).size === found.length) return found;
    throw new InvalidArgumentError(`It must be ${allowed}.`);
  };

/** Parses whole numbers from 0 with commas between. */
export function numbers(text: string): readonly number[] {
  if (/^\d{1,9}(,\d{1,9}){0,99}$/.test(text.trim())) return text.split(",").map(Number);
  throw new InvalidArgumentError("It must be whole numbers with commas, such as 3,17.");
}

/** Parses a path. */
export function path(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("It must be a path.");
}

/** Parses a text that is not empty. */
export function words(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("It must be a text that is not empty.");
}

/** Parses a server's address. */
export function httpUrl(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError("It must be an http or https URL, such as http://localhost:8000.");
}

/** Parses Redis' address. */
export function redisUrl(text: string): string {
  if (/^rediss?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError("It must be an address such as redis://127.0.0.1:6379.");
}

/** Parses a queue's name, or Redis' address. */
export function queueName(text: string): string {
  if (/^[\w-]{1,64}$/.test(text)) return text;
  if (/^rediss?:\/\//.test(text)) return redisUrl(text);
  throw new InvalidArgumentError(
    "It must be a queue's name, or an address such as redis://127.0.0.1:6379.",
  );
}

/** Parses names of backends with commas between. */
export const backendList = (text: string): readonly string[] =>
  listOf("backends with commas between, such as onnx/node-cuda,onnx/node-cpu", (name) =>
    backendNames.includes(name) ? name : undefined,
  )(text);

/** Parses the origin of a page, and adds it to those before it. */
export function pageOrigin(text: string, before: readonly string[] = []): readonly string[] {
  if (URL.canParse(text) && new URL(text).origin === text) return [...before, text];
  throw new InvalidArgumentError("It must be an origin, such as https://example.com.");
}

/** An option whose value is one of `names`. */
export const choice = (
  flags: string,
  description: string,
  names: readonly string[],
  preset?: string,
): Option => new Option(flags, description).choices(names).default(preset);

/** `--save-every` of the commands that train. */
export const saveEveryOption = (): Option =>
  new Option(
    "--save-every <s>",
    "seconds of training between two saves; 0 saves as often as possible",
  )
    .argParser(decimal(0, 86_400))
    .default(20);

/** Adds --backend, --seed, --out, --force and --json to a command; `outHelp` where --out has no default. */
export const withCommonOptions = (
  command: Command,
  out?: string,
  outHelp = "path of the result",
): Command =>
  command
    .addOption(
      choice("--backend <name>", "the backend; `gen backends` tests each", backendNames, "onnx"),
    )
    .option("--seed <n>", "seed of all random numbers; decides the result", integer(0), 0)
    .option("--out <path>", outHelp, path, out)
    .option("--force", "replace an existing result", false)
    .option("--json", "print the result as JSON on stdout", false);
