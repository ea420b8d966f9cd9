/** A value of JSON, with the non-finite numbers that Python writes into it. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | { [key: string]: JsonValue };

/** The longest text that is read, in UTF-16 units. */
const MOST_TEXT = 2 ** 22;
/** The deepest nesting of lists and objects that is read. */
const MOST_NESTING = 64;

// Stands before a non-finite number's name while it travels as a string, and before a string that
// begins with it.
const MARK = "\ue000";
const KEY_END = /\s*:/y;
const NON_FINITE = /-?Infinity|NaN/y;

/**
 * Reads JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` are numbers. Takes time in
 * proportion to the text.
 *
 * @throws SyntaxError when the text is no JSON; RangeError when it is longer than 4 Mi characters or
 * nested deeper than 64.
 */
export function parsePythonJson(text: string): JsonValue {
  if (text.length > MOST_TEXT) {
    throw new RangeError(`a config must have at most ${MOST_TEXT} characters, got ${text.length}`);
  }
  return JSON.parse(marked(text), (_, value) => {
    if (typeof value !== "string" || !value.startsWith(MARK)) return value;
    const rest = value.slice(MARK.length);
    return rest.startsWith(MARK) ? rest : Number(rest);
  });
}

/** The text with every non-finite number as a marked string. */
function marked(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      const start = i + 1;
      i = stringEnd(text, start);
      KEY_END.lastIndex = i + 1;
      const isKey = KEY_END.test(text);
      if (!isKey && /(?:\ue000|\\u[eE]000)/y.test(text.slice(start, start + 6))) {
        parts.push(text.slice(copied, start), MARK);
        copied = start;
      }
    } else if (char === "[" || char === "{") {
      depth += 1;
      if (depth > MOST_NESTING) {
        throw new RangeError(`a config must be nested at most ${MOST_NESTING} deep`);
      }
    } else if (char === "]" || char === "}") {
      depth -= 1;
    } else if (char === "N" || char === "I" || char === "-") {
      NON_FINITE.lastIndex = i;
      const name = NON_FINITE.exec(text)?.[0];
      if (name !== undefined) {
        parts.push(text.slice(copied, i), `"${MARK}${name}"`);
        i += name.length - 1;
        copied = i + 1;
      }
    }
  }
  return parts.join("") + text.slice(copied);
}

/** Where the string that begins at `start` ends: its closing quote, or the text's end. */
function stringEnd(text: string, start: number): number {
  let i = start;
  while (i < text.length && text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i;
}

/** Writes JSON as diffusers saves it: indented by two, non-finite numbers by name. */
export function formatPythonJson(value: JsonValue, indent = ""): string {
  const inner = `${indent}  `;
  const list = (open: string, items: string[], close: string) =>
    items.length === 0
      ? open + close
      : `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;
  if (Array.isArray(value)) {
    const items = value.map((item) => formatPythonJson(item, inner));
    return list("[", items, "]");
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    const items = entries.map(
      ([name, item]) => `${JSON.stringify(name)}: ${formatPythonJson(item, inner)}`,
    );
    return list("{", items, "}");
  }
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}
