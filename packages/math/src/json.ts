/**
 * JSON from files that strangers wrote, in time and memory in proportion to the text.
 *
 * The rules are those of RFC 8259 with three differences: Python's `NaN`, `Infinity` and
 * `-Infinity` are numbers, a key may occur once in an object, and length, nesting and count are
 * bounded. An error says where the text is wrong and never quotes it: the file may be another one
 * than its reader expects.
 */
import { GenError } from "./gen-error.ts";
import {
  MAX_JSON_CONTAINERS,
  MAX_JSON_KEYS,
  MAX_JSON_LENGTH,
  MAX_JSON_NESTING,
  MAX_JSON_VALUES,
} from "./json-limits.ts";

/** A value of JSON, with the non-finite numbers that Python writes into it. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | { [key: string]: JsonValue };

/** How {@link parseJson} names a text, and how long the text may be. */
interface JsonOptions {
  /** The name of the file in errors. @defaultValue "JSON text" */
  readonly name?: string;
  /** The longest text, in bytes or UTF-16 units. @defaultValue 16 Mi */
  readonly limit?: number;
}

/**
 * Reads a JSON text, or its UTF-8 bytes.
 *
 * @param json The text, or its bytes in UTF-8.
 * @throws GenError `invalid-data` when the text is no JSON, longer than `limit`, nested deeper than
 * 64, or has more than 8 Mi values, 2 Mi keys, or 512 Ki lists and objects.
 */
export function parseJson(json: string | Uint8Array, options: JsonOptions = {}): JsonValue {
  const { name = "JSON text", limit = MAX_JSON_LENGTH } = options;
  const unit = typeof json === "string" ? "characters" : "bytes";
  if (json.length > limit) {
    throw invalid(`${name} must have at most ${limit} ${unit}, got ${json.length}`);
  }
  const text = typeof json === "string" ? json : utf8Text(name, json);
  return new Reader(text, name).whole();
}

interface Host {
  TextDecoder: new (
    label: string,
    options: { fatal: boolean },
  ) => { decode(bytes: Uint8Array): string };
}

const invalid = (message: string) => new GenError("invalid-data", message);

function utf8Text(name: string, bytes: Uint8Array): string {
  try {
    const { TextDecoder } = globalThis as unknown as Host;
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid(`${name} is not JSON: it must be UTF-8 text`);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /-?[A-Za-z]+/y;
const WORDS: ReadonlyMap<string, JsonValue> = /* @__PURE__ */ new Map<string, JsonValue>([
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", Number.NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

const [TAB, NEWLINE, RETURN, SPACE] = [9, 10, 13, 32];
const [QUOTE, COMMA, COLON, BACKSLASH] = [34, 44, 58, 92];
const [LEFT_BRACKET, RIGHT_BRACKET, LEFT_BRACE, RIGHT_BRACE] = [91, 93, 123, 125];

/** Reads a text from its start to its end, once. */
class Reader {
  private at = 0;
  private values = 0;
  private containers = 0;
  private keys = 0;
  private readonly text: string;
  private readonly name: string;

  constructor(text: string, name: string) {
    this.text = text;
    this.name = name;
  }

  whole(): JsonValue {
    const value = this.value(1);
    if (this.next() >= 0) throw this.wrong("more text follows the value");
    return value;
  }

  private wrong(problem: string): GenError {
    const where = this.at < this.text.length ? `character ${this.at + 1}` : "the end of the text";
    return invalid(`${this.name} is not JSON: ${problem} at ${where}`);
  }

  /** The next character that is no white space, not taken yet; -1 at the end. */
  private next(): number {
    const { text } = this;
    while (this.at < text.length) {
      const code = text.charCodeAt(this.at);
      if (code !== SPACE && code !== NEWLINE && code !== RETURN && code !== TAB) return code;
      this.at += 1;
    }
    return -1;
  }

  private value(depth: number): JsonValue {
    this.values += 1;
    this.checkCount(this.values, MAX_JSON_VALUES, "values");
    const first = this.next();
    if (first === QUOTE) return this.string();
    if (first !== LEFT_BRACKET && first !== LEFT_BRACE) return this.numberOrWord();
    if (depth > MAX_JSON_NESTING) {
      throw invalid(`${this.name} must be nested at most ${MAX_JSON_NESTING} deep, got more`);
    }
    this.containers += 1;
    this.checkCount(this.containers, MAX_JSON_CONTAINERS, "lists and objects");
    this.at += 1;
    return first === LEFT_BRACKET ? this.list(depth) : this.object(depth);
  }

  private checkCount(count: number, most: number, what: string): void {
    if (count <= most) return;
    throw invalid(`${this.name} must have at most ${most} ${what}, got more`);
  }

  private list(depth: number): JsonValue[] {
    const list: JsonValue[] = [];
    if (this.ends(RIGHT_BRACKET)) return list;
    do list.push(this.value(depth + 1));
    while (this.goesOn(RIGHT_BRACKET));
    // The first element makes room for 16 more; a copy of a short list has no such room.
    return list.length <= 16 ? list.slice() : list;
  }

  private object(depth: number): JsonValue {
    const object: Record<string, JsonValue> = {};
    if (this.ends(RIGHT_BRACE)) return object;
    do {
      if (this.next() !== QUOTE) throw this.wrong("a key in quotes is missing");
      this.keys += 1;
      this.checkCount(this.keys, MAX_JSON_KEYS, "keys");
      const key = this.string();
      if (Object.hasOwn(object, key))
        throw this.wrong("a key occurs twice in an object, the second time before the colon");
      if (this.next() !== COLON) throw this.wrong("a colon is missing");
      this.at += 1;
      const value = this.value(depth + 1);
      // An assignment would set the prototype.
      if (key !== "__proto__") object[key] = value;
      else Object.defineProperty(object, key, { value, ...OWN });
    } while (this.goesOn(RIGHT_BRACE));
    return object;
  }

  /** Takes the closing bracket, if it is next. */
  private ends(bracket: number): boolean {
    if (this.next() !== bracket) return false;
    this.at += 1;
    return true;
  }

  /** Takes a comma, and gives true, or the closing bracket. */
  private goesOn(bracket: number): boolean {
    if (this.ends(bracket)) return false;
    if (this.next() !== COMMA) throw this.wrong("a comma or a closing bracket is missing");
    this.at += 1;
    return true;
  }

  private string(): string {
    const { text } = this;
    const start = this.at;
    let escapes = false;
    for (let i = start + 1; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === QUOTE) {
        this.at = i + 1;
        return escapes ? this.unescaped(start) : text.slice(start + 1, i);
      }
      if (code < SPACE) {
        this.at = i;
        throw this.wrong("a string contains a control character");
      }
      if (code === BACKSLASH) {
        escapes = true;
        i += 1;
      }
    }
    this.at = text.length;
    throw this.wrong("a closing quote is missing");
  }

  private unescaped(start: number): string {
    try {
      return JSON.parse(this.text.slice(start, this.at));
    } catch {
      this.at = start;
      throw this.wrong("an escape is not valid in the string");
    }
  }

  private numberOrWord(): JsonValue {
    for (const form of [NUMBER, WORD]) {
      form.lastIndex = this.at;
      const found = form.exec(this.text)?.[0];
      if (found === undefined || (form === WORD && !WORDS.has(found))) continue;
      this.at += found.length;
      return form === NUMBER ? Number(found) : (WORDS.get(found) as JsonValue);
    }
    throw this.wrong("a value is missing");
  }
}

const OWN = { writable: true, enumerable: true, configurable: true };
