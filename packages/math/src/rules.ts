/**
 * What arguments may be: each rule says in words what is allowed, and tests a value.
 *
 *   checkOptions(options, { steps: rules.COUNT, eta: rules.optional(rules.UNIT) });
 */

/** What a value must be, in words and as a test, and the rules of an object's members. */
export type Rule = readonly [
  allowed: string,
  test: (value: unknown) => boolean,
  members?: Readonly<Record<string, Rule>>,
];

const number = (allowed: string, test: (value: number) => boolean): Rule => [
  allowed,
  (value) => typeof value === "number" && test(value),
];

/** A number, NaN included, whose range is checked where it is known. */
export const ANY_NUMBER = /* @__PURE__ */ number("a number", () => true);
/** A number, not NaN. */
export const NUMBER = /* @__PURE__ */ number("a number", (value) => !Number.isNaN(value));
/** A finite number. */
export const FINITE = /* @__PURE__ */ number("a finite number", Number.isFinite);
/** A positive number, Infinity included. */
export const POSITIVE = /* @__PURE__ */ number("positive", (value) => value > 0);
/** A positive, finite number. */
export const POSITIVE_FINITE = /* @__PURE__ */ number(
  "positive and finite",
  (value) => value > 0 && value < Infinity,
);
/** A finite number, 0 or more. */
export const NOT_NEGATIVE = /* @__PURE__ */ number(
  "finite and not negative",
  (value) => value >= 0 && value < Infinity,
);
/** A number in [0, 1]. */
export const UNIT = /* @__PURE__ */ number("in [0, 1]", (value) => value >= 0 && value <= 1);
/** A safe integer. */
export const INTEGER = /* @__PURE__ */ number("an integer", Number.isSafeInteger);
/** A positive safe integer. */
export const COUNT = /* @__PURE__ */ number(
  "a positive integer",
  (value) => Number.isSafeInteger(value) && value > 0,
);
/** A safe integer, 0 or more. */
export const INDEX = /* @__PURE__ */ number(
  "an integer, 0 or more",
  (value) => Number.isSafeInteger(value) && value >= 0,
);

/**
 * An integer from `low` to `high`, both included.
 *
 * @param low The smallest value.
 * @param high The largest value.
 */
export const integerIn = (low: number, high: number): Rule =>
  number(
    `an integer in ${low}..${high}`,
    (value) => Number.isSafeInteger(value) && value >= low && value <= high,
  );

/** A seed: an integer in [0, 2^53). */
export const SEED = /* @__PURE__ */ number("an integer in [0, 2^53)", INDEX[1]);
/** A boolean. */
export const FLAG: Rule = ["true or false", (value) => typeof value === "boolean"];
/** A string. */
export const TEXT: Rule = ["a text", (value) => typeof value === "string"];
/** A function. */
export const FUNCTION: Rule = ["a function", (value) => typeof value === "function"];
/** An object that is no list, no typed array and no promise. */
export const OBJECT: Rule = ["an object", isObject];

/** An array or a typed array, or another object with a length and numbers. */
export const NUMBERS: Rule = ["numbers in an array", isNumbers];

/** A typed array of numbers. */
export const TYPED_NUMBERS: Rule = [
  "a typed array",
  (value) => ArrayBuffer.isView(value) && isNumbers(value),
];

/** A Float32Array or a Float64Array. */
export const FLOATS: Rule = [
  "a Float32Array or Float64Array",
  (value) => value instanceof Float32Array || value instanceof Float64Array,
];

/** A list, whatever its entries are. */
export const LIST: Rule = ["a list", Array.isArray];

/** A list of positive integers, not empty. */
export const SIZES: Rule = [
  "a list of positive integers",
  (value) => Array.isArray(value) && value.length > 0 && value.every((size) => COUNT[1](size)),
];

/** The shape of a batch. */
export const BATCH_SHAPE: Rule = ["[batch, ...] of positive integers", SIZES[1]];

/**
 * One of the values.
 *
 * @param values The values that are allowed.
 */
export const oneOf = (...values: readonly unknown[]): Rule => [
  [values.slice(0, -1).join(", "), values.at(-1)].filter((text) => text !== "").join(" or "),
  (value) => values.includes(value),
];

/**
 * A list whose entries each keep a rule.
 *
 * @param rule The rule of each entry.
 * @param least The least number of entries.
 */
export const listOf = ([allowed, test]: Rule, least = 0): Rule => [
  `a list of ${allowed}${least > 0 ? ", not empty" : ""}`,
  (value) => Array.isArray(value) && value.length >= least && value.every(test),
];

/**
 * Undefined, or what the rule allows.
 *
 * @param rule The rule of a value that is not undefined.
 */
export const optional = ([allowed, test, members]: Rule): Rule => [
  allowed,
  (value) => value === undefined || test(value),
  members,
];

/**
 * What one of the rules allows.
 *
 * @param rules The rules, of which a value keeps one.
 */
export const either = (...rules: readonly Rule[]): Rule => [
  rules.map(([allowed]) => allowed).join(" or "),
  (value) => rules.some(([, test]) => test(value)),
];

/**
 * An object whose members each keep their rule.
 *
 * @param allowed What the object is, in words.
 * @param members The rule of each member.
 */
export function having(allowed: string, members: Readonly<Record<string, Rule>>): Rule {
  const test = (value: unknown) =>
    isObject(value) &&
    Object.entries(members).every(([name, [, test]]) => test((value as Fields)[name]));
  return [allowed, test, members];
}

/** A noise level. */
export const LEVEL: Rule = /* @__PURE__ */ having("a noise level { signal, noise }", {
  signal: NOT_NEGATIVE,
  noise: NOT_NEGATIVE,
});

/** An expression of a graph, as `input` and all operations give. */
export const EXPRESSION: Rule = /* @__PURE__ */ having("an expression, such as input gives", {
  op: TEXT,
  shape: LIST,
});

/** A noise schedule, by what every user of a schedule reads. */
export const SCHEDULE: Rule = /* @__PURE__ */ having(
  "a noise schedule, such as linearSchedule gives",
  {
    length: COUNT,
    level: FUNCTION,
  },
);

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): boolean {
  const isPlace = typeof value === "object" && value !== null;
  return isPlace && !Array.isArray(value) && !ArrayBuffer.isView(value) && !isPromise(value);
}

function isNumbers(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((entry) => !isObject(entry) && !isList(entry));
  if (ArrayBuffer.isView(value)) return isTypedArray(value) && typeof value[0] !== "bigint";
  return isObject(value) && INDEX[1]((value as Fields).length);
}

const isList = (value: unknown): boolean => Array.isArray(value) || ArrayBuffer.isView(value);

const isTypedArray = (view: ArrayBufferView): view is Float64Array => "length" in view;

/**
 * Whether a value has a method `then`.
 *
 * @param value Any value.
 */
export const isPromise = (value: unknown): boolean =>
  typeof (value as { then?: unknown } | null)?.then === "function";
