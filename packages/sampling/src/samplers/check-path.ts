import { checkArguments, checkOptions, rules } from "@gen/math/arguments";

type Rules = Parameters<typeof checkOptions>[1];

const { FINITE, FLAG, LEVEL, NUMBERS, SCHEDULE, TEXT, UNIT, either, having, listOf, optional } =
  rules;

/** Moves from level to level. */
const MOVES = listOf(having("moves { t, from, to }", { t: FINITE, from: LEVEL, to: LEVEL }));

const PATH = either(SCHEDULE, MOVES);

const solverRules: Rules = {
  steps: optional(rules.ANY_NUMBER),
  spacing: optional(either(TEXT, rules.LIST)),
  offset: optional(rules.INDEX),
  predicts: optional(rules.PREDICTS),
  sigmas: optional(either(TEXT, NUMBERS)),
  eta: optional(UNIT),
  keepEpsilon: optional(FLAG),
  lowerOrderFinal: optional(FLAG),
};

/**
 * Checks what every sampler takes: a path and its options.
 *
 * @throws RangeError naming the first that is not allowed.
 */
export function checkPath(path: unknown, options: object, own: Rules = {}): void {
  checkArguments({ path }, { path: PATH });
  checkOptions(options, { ...solverRules, ...own });
}
