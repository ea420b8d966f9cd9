/*
 * What a running example may tell its page. The code of a reader runs on the other side, so the
 * page takes nothing on trust: a message of another shape is dropped, texts are cut, and the page
 * shows them only as text.
 */
import { type Drawing, MOST_PICTURES, MOST_POINTS, MOST_SIDE } from "./drawings.ts";

export type Message =
  | { readonly kind: "log"; readonly level: Level; readonly text: string }
  | {
      /** The value of a line, or the error that it throws. */
      readonly kind: "value";
      readonly line: number;
      readonly text: string;
      readonly holds: boolean;
    }
  | { readonly kind: "drawing"; readonly name: string; readonly drawing: Drawing }
  | { readonly kind: "error"; readonly text: string; readonly line?: number }
  | { readonly kind: "asset"; readonly name: string }
  | { readonly kind: "end"; readonly reason: "done" | "flood" };

export type Level = "log" | "warn" | "error";

/** The most lines of output, and the most characters of all texts. */
export const MOST_LINES = 1000;
const MOST_TEXT = 1_000_000;
/** The most characters of one text, and the most drawings. */
const LONGEST_TEXT = 20_000;
const MOST_DRAWINGS = 8;
const LAST_LINE = 100_000;

/** The message that some data are, or undefined if they are none. */
export function readMessage(data: unknown): Message | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { kind, level, text, line, holds, name, drawing, reason } = data as Record<string, unknown>;
  switch (kind) {
    case "log":
      return isText(text) && isLevel(level) ? { kind, level, text: short(text) } : undefined;
    case "value":
      return isText(text) && isLine(line) && typeof holds === "boolean"
        ? { kind, line, text: short(text), holds }
        : undefined;
    case "drawing": {
      const drawn = readDrawing(drawing);
      return isText(name) && drawn ? { kind, name: name.slice(0, 80), drawing: drawn } : undefined;
    }
    case "error": {
      const place = isLine(line) ? { line } : {};
      return isText(text) ? { kind, text: short(text), ...place } : undefined;
    }
    case "asset":
      return isText(name) ? { kind, name: name.slice(0, 80) } : undefined;
    case "end":
      return reason === "done" || reason === "flood" ? { kind, reason } : undefined;
    default:
      return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === "string";
const isLevel = (value: unknown): value is Level =>
  value === "log" || value === "warn" || value === "error";
const isWhole = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
const isLine = (value: unknown): value is number => isWhole(value, 1, LAST_LINE);
const short = (text: string) =>
  text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)} …` : text;

function readDrawing(value: unknown): Drawing | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, count, values, channels, height, width } = value as Record<string, unknown>;
  if (!(values instanceof Float32Array) || !isWhole(count, 1, Number.MAX_SAFE_INTEGER)) {
    return undefined;
  }
  if (kind === "points") {
    const right = values.length === 2 * Math.min(count, MOST_POINTS);
    return right && values.every(Number.isFinite) ? { kind, count, values } : undefined;
  }
  if (kind !== "pictures" || (channels !== 1 && channels !== 3)) return undefined;
  if (!isWhole(height, 1, MOST_SIDE) || !isWhole(width, 1, MOST_SIDE)) return undefined;
  const size = Math.min(count, MOST_PICTURES) * channels * height * width;
  if (values.length !== size || !values.every(Number.isFinite)) return undefined;
  return { kind, count, channels, height, width, values };
}

/** Counts output, and says when it is more than a page shows. */
export function outputMeter(): { takes(message: Message): boolean } {
  let lines = 0;
  let text = 0;
  let drawings = 0;
  return {
    takes(message) {
      if (message.kind === "drawing") return ++drawings <= MOST_DRAWINGS;
      if (message.kind !== "log" && message.kind !== "value") return true;
      lines++;
      text += message.text.length;
      return lines <= MOST_LINES && text <= MOST_TEXT;
    },
  };
}
