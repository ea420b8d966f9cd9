/*
 * What a page shows after `// =>`, and when a value equals it. A number equals a shown number if it
 * rounds to the same digits. The tests and the pages that run code use these rules.
 *
 *   sameAsShown(0.3512, "0.35"); // true
 *   sameAsShown(0.3512, "0.350"); // false
 */

/** A number as a page shows it. Another number matches if it rounds to the same digits. */
class RoundedNumber {
  readonly value: number;
  readonly tolerance: number;

  constructor(text: string) {
    this.value = Number(text);
    const [, decimals = "", exponent = "0"] = /\.(\d+)(?:e([-+]?\d+))?$/.exec(text) ?? [];
    const unit = 10 ** (Number(exponent) - decimals.length);
    this.tolerance = decimals === "" ? 0 : unit / 2 + Math.abs(this.value) * 1e-12;
  }
}

const constants: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)|(-?[A-Za-z_$][\w$]*)|([[\]{},:]))/y;

/**
 * Parses the value that a page shows: a literal of numbers, strings in double quotes, lists,
 * objects and names such as `true`. Its numbers become a {@link RoundedNumber}.
 *
 * @throws SyntaxError when the text is no such literal.
 */
function parseShown(text: string): unknown {
  let at = 0;
  const refuse = (): never => {
    throw new SyntaxError(`a page can show numbers, strings, lists and objects, got: ${text}`);
  };
  const peek = () => {
    TOKEN.lastIndex = at;
    return TOKEN.exec(text);
  };
  const take = (mark: string): boolean => {
    if (peek()?.[4] !== mark) return false;
    at = TOKEN.lastIndex;
    return true;
  };
  /** The items up to the closing mark. A comma may follow the last one. */
  const items = <T>(close: string, item: () => T): T[] => {
    const list: T[] = [];
    while (!take(close)) {
      if (list.length > 0 && !take(",")) refuse();
      if (take(close)) break;
      list.push(item());
    }
    return list;
  };
  const key = (): string => {
    const [, quoted, number, name] = peek() ?? refuse();
    at = TOKEN.lastIndex;
    const found = quoted === undefined ? (number ?? name) : JSON.parse(quoted);
    if (found === undefined || !take(":")) refuse();
    return found;
  };
  const value = (): unknown => {
    if (take("[")) return items("]", value);
    if (take("{")) return Object.fromEntries(items("}", () => [key(), value()]));
    const [, quoted, number, name] = peek() ?? refuse();
    at = TOKEN.lastIndex;
    if (quoted !== undefined) return JSON.parse(quoted);
    if (number !== undefined) return new RoundedNumber(number);
    if (name === undefined || !constants.has(name)) refuse();
    return constants.get(name);
  };
  const parsed = value();
  if (text.slice(at).trim() !== "") refuse();
  return parsed;
}

function matches(actual: unknown, shown: unknown): boolean {
  if (shown instanceof RoundedNumber) {
    return (
      (typeof actual === "number" || typeof actual === "bigint") &&
      Math.abs(Number(actual) - shown.value) <= shown.tolerance
    );
  }
  if (typeof shown !== "object" || shown === null) return Object.is(actual, shown);
  if (typeof actual !== "object" || actual === null) return false;
  if (Array.isArray(shown)) {
    const list = Array.from(actual as ArrayLike<unknown>);
    return list.length === shown.length && list.every((v, i) => matches(v, shown[i]));
  }
  const keys = Object.keys(shown);
  return (
    Object.keys(actual).length === keys.length &&
    keys.every((k) => matches((actual as Record<string, unknown>)[k], shown[k as never]))
  );
}

/**
 * Whether a value equals what a page shows, to the digits shown.
 *
 * @throws SyntaxError when the shown text is no literal.
 */
export const sameAsShown = (actual: unknown, shown: string): boolean =>
  matches(actual, parseShown(shown));
