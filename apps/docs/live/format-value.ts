/**
 * A value as one line of text, for people. Long and deep values are cut. `digits` rounds numbers to
 * so many significant digits.
 */
export function formatValue(value: unknown, depth = 3, digits?: number): string {
  if (typeof value === "number" && digits) value = Number(value.toPrecision(digits));
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `function ${value.name}`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return errorText(value);
  const name = nameOf(value);
  if (ArrayBuffer.isView(value) && "length" in value) {
    const numbers = value as unknown as ArrayLike<unknown>;
    return `${name}(${numbers.length}) ${list(numbers, depth, digits)}`;
  }
  if (Array.isArray(value))
    return depth > 0 ? list(value, depth, digits) : `Array(${value.length})`;
  const known = builtIn(value, depth);
  if (known !== undefined) return known;
  if (depth === 0) return name === "Object" ? "{…}" : name;
  const fields = Object.entries(value).map(
    ([key, v]) => `${key}: ${formatValue(v, depth - 1, digits)}`,
  );
  const body = fields.length === 0 ? "{}" : `{ ${cut(fields, 20).join(", ")} }`;
  return name === "Object" ? body : `${name} ${body}`;
}

/** What an error says, with its name. */
export const errorText = ({ name, message }: Error): string =>
  message === "" ? name : `${name}: ${message}`;

function nameOf(value: object): string {
  return Object.getPrototypeOf(value)?.constructor?.name || "Object";
}

function builtIn(value: object, depth: number): string | undefined {
  if (value instanceof Map) {
    const items = [...value].map(
      ([key, v]) => `${formatValue(key, 1)} => ${formatValue(v, Math.max(depth - 1, 0))}`,
    );
    return `Map(${value.size}) { ${cut(items, 20).join(", ")} }`;
  }
  if (value instanceof Set) return `Set(${value.size}) ${list([...value], depth)}`;
  if (value instanceof Promise) return "Promise";
  if (value instanceof Date || value instanceof RegExp || value instanceof URL) {
    return String(value);
  }
  return undefined;
}

function list(items: ArrayLike<unknown>, depth: number, digits?: number): string {
  const most = 12;
  const first = Array.from({ length: Math.min(items.length, most) }, (_, i) =>
    formatValue(items[i], Math.max(depth - 1, 0), digits),
  );
  if (items.length > most) first.push("…");
  return `[${first.join(", ")}]`;
}

const cut = (items: string[], most: number): string[] =>
  items.length > most ? [...items.slice(0, most), "…"] : items;
