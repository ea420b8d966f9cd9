/**
 * Checks of what callers pass: each argument or option has a rule, and a value that breaks its rule
 * is refused by an error that names the argument, what is allowed, and the value.
 *
 *   checkOptions(options, { steps: rules.COUNT, eta: rules.optional(rules.UNIT) });
 */
import { ArgumentError, shorten } from "./gen-error.ts";
import { isPromise, OBJECT, type Rule } from "./rules.ts";

export * as rules from "./all-rules.ts";
export { ArgumentError } from "./gen-error.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks values by name.
 *
 * @param values The arguments by name.
 * @param rules The rule of each name, such as `rules.COUNT`.
 * @throws ArgumentError naming the first value that breaks its rule, or its member that does.
 */
export function checkArguments(values: object, rules: Readonly<Record<string, Rule>>): void {
  for (const [name, [allowed, test, members]] of Object.entries(rules)) {
    const value = (values as Fields)[name];
    if (test(value)) continue;
    for (const member in members) {
      const path = `${name}.${member}`;
      if (OBJECT[1](value) && member in (value as Fields))
        checkArguments({ [path]: (value as Fields)[member] }, { [path]: members[member] });
    }
    throw refused(name, allowed, value);
  }
}

/**
 * Checks that options are an object, and its fields.
 *
 * @param options The options that a caller passed, whatever they are.
 * @param rules The rule of each name, such as `rules.COUNT`.
 * @throws ArgumentError naming the first field that breaks its rule.
 */
export function checkOptions(
  options: unknown,
  rules: Readonly<Record<string, Rule>>,
): asserts options is object {
  checkArguments({ options }, { options: OBJECT });
  checkArguments(options as object, rules);
}

/**
 * The error of an argument that is not allowed.
 *
 * @param name The name of the argument.
 * @param allowed What the argument must be, in words.
 * @param value What was passed.
 */
export const refused = (name: string, allowed: string, value: unknown): ArgumentError =>
  new ArgumentError(`${name} must be ${allowed}, got ${shown(value)}`);

/**
 * A value for a message: short, whatever the value is.
 *
 * @param value Any value.
 */
export function shown(value: unknown): string {
  if (typeof value === "string") return shownText(shorten(value, 100));
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return shownList(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (isPromise(value)) return "a Promise, which must be awaited first";
  const type: unknown = value.constructor;
  const name = typeof type === "function" && type !== Object && type.name;
  if (name) return `a value of ${shorten(name, 60)}`;
  const names = Object.keys(value);
  return names.length > 0 ? shorten(`{ ${names.slice(0, 8).join(", ")} }`, 100) : "{}";
}

// Quotes tell a text from a number or a word of the language.
const shownText = (text: string): string =>
  /^(?!(true|false|null|undefined|NaN|Infinity)$)[A-Za-z][\w .,:/-]*$/.test(text)
    ? text
    : JSON.stringify(text);

function shownEntry(entry: unknown): string {
  if (typeof entry === "string") return JSON.stringify(shorten(entry, 30));
  return Array.isArray(entry) ? "[...]" : shown(entry);
}

function shownList(list: readonly unknown[]): string {
  const entries = list.slice(0, 8).map(shownEntry);
  return shorten(`[${entries.join(", ")}${list.length > 8 ? ", ..." : ""}]`, 100);
}
