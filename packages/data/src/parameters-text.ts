/**
 * The text that Stable Diffusion web UI keeps in its pictures:
 *
 *   a red fox
 *   Negative prompt: blurry
 *   Steps: 20, Sampler: Euler, CFG scale: 7.5, Seed: 5, Size: 512x512
 */
import type { JsonValue } from "@gen/math/json";

/** Settings by name: any values of JSON. */
export type PictureSettings = Readonly<Record<string, JsonValue | undefined>>;

/** Our names of settings, and the text's. */
const NAMES: readonly (readonly [ours: string, theirs: string])[] = [
  ["steps", "Steps"],
  ["sampler", "Sampler"],
  ["scheduleType", "Schedule type"],
  ["guidance", "CFG scale"],
  ["seed", "Seed"],
  ["size", "Size"],
  ["model", "Model"],
  ["strength", "Denoising strength"],
  ["clipSkip", "Clip skip"],
  ["eta", "Eta"],
  ["rng", "RNG"],
];

/** Settings that are texts; the others are numbers, or a size. */
const TEXTS = ["sampler", "scheduleType", "model", "rng"];

const NEGATIVE = "Negative prompt:";

/** The text of settings, as far as it has names for them. `size` is `[width, height]`. */
export function parametersText(settings: PictureSettings): string {
  const { prompt, negativePrompt } = settings;
  const lines = typeof prompt === "string" ? [prompt] : [""];
  if (typeof negativePrompt === "string" && negativePrompt !== "") {
    lines.push(`${NEGATIVE} ${negativePrompt}`);
  }
  const pairs = NAMES.flatMap(([ours, theirs]) => {
    const value = valueText(ours, settings[ours]);
    return value === undefined ? [] : [`${theirs}: ${value}`];
  });
  return [...lines, pairs.join(", ")].join("\n").trim();
}

function valueText(name: string, value: JsonValue | undefined): string | undefined {
  if (name === "size" && Array.isArray(value)) return value.join("x");
  // The web UI counts from 1: its clip skip 1 is the last layer.
  if (name === "clipSkip" && typeof value === "number") return String(value + 1);
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") return undefined;
  return /[,:\n"]/.test(value) ? JSON.stringify(value) : value;
}

/** The settings in such a text. What has another name is left out. */
export function parseParameters(text: string): Record<string, JsonValue> {
  const lines = text.trim().split("\n");
  let values = pairsOf(lines.at(-1) ?? "");
  // Such a line has at least three values; fewer are a prompt with a colon.
  if (values.size >= 3) lines.pop();
  else values = new Map();
  const at = lines.findIndex((line) => line.trim().startsWith(NEGATIVE));
  const prompt = lines
    .slice(0, at < 0 ? lines.length : at)
    .join("\n")
    .trim();
  const negative = at < 0 ? "" : lines.slice(at).join("\n").trim().slice(NEGATIVE.length).trim();
  const settings: Record<string, JsonValue> = { prompt };
  if (negative !== "") settings.negativePrompt = negative;
  for (const [ours, theirs] of NAMES) {
    const value = values.get(theirs);
    if (value === undefined) continue;
    const parsed = parsedValue(ours, value);
    if (parsed !== undefined) settings[ours] = parsed;
  }
  return settings;
}

function parsedValue(name: string, value: string): JsonValue | undefined {
  if (TEXTS.includes(name)) return value;
  const size = /^(\d{1,5})x(\d{1,5})$/.exec(value);
  if (name === "size") return size ? [Number(size[1]), Number(size[2])] : undefined;
  const number = value.trim() === "" ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) return undefined;
  return name === "clipSkip" ? number - 1 : number;
}

/** `A: 1, B: "x, y"` as names and values, in one pass. */
function pairsOf(line: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (let at = 0; at < line.length; ) {
    const colon = line.indexOf(":", at);
    if (colon < 0) break;
    const name = line.slice(at, colon).trim();
    let start = colon + 1;
    while (line[start] === " ") start++;
    const end = line[start] === '"' ? closingQuote(line, start) : start;
    const comma = line.indexOf(",", end);
    at = comma < 0 ? line.length : comma + 1;
    const value = line.slice(start, comma < 0 ? line.length : comma).trim();
    pairs.set(name, unquoted(value));
  }
  return pairs;
}

function closingQuote(line: string, start: number): number {
  let end = start + 1;
  while (end < line.length && line[end] !== '"') end += line[end] === "\\" ? 2 : 1;
  return Math.min(end, line.length);
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
