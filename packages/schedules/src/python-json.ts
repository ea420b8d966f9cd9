/** A value of JSON, with the non-finite numbers that Python writes into it. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | { [key: string]: JsonValue };

// Stands before a non-finite number's name while it travels as a string.
const MARK = "\u0000";

/** Reads JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` are numbers. */
export function parsePythonJson(text: string): JsonValue {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) =>
    token.startsWith('"') ? token : `"\\u0000${token}"`,
  );
  return JSON.parse(marked, (_, value) =>
    typeof value === "string" && value.startsWith(MARK) ? Number(value.slice(1)) : value,
  );
}

/** Writes JSON as diffusers saves it: indented by two, non-finite numbers by name. */
export function formatPythonJson(value: JsonValue): string {
  const marked = JSON.stringify(
    value,
    (_, item) => (typeof item === "number" && !Number.isFinite(item) ? MARK + item : item),
    2,
  );
  return `${marked.replace(/"\\u0000(-?Infinity|NaN)"/g, "$1")}\n`;
}
