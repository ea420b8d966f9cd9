import { checkArguments, checkOptions, rules } from "@gen/math/arguments";

type Rules = Parameters<typeof checkOptions>[1];

/** Moves from level to level. */
const MOVES = rules.listOf(
  rules.having("moves { t, from, to }", { t: rules.FINITE, from: rules.LEVEL, to: rules.LEVEL }),
);

const PATH = rules.either(rules.SCHEDULE, MOVES);

const solverRules: Rules = {
  steps: rules.optional(rules.ANY_NUMBER),
  spacing: rules.optional(rules.either(rules.TEXT, rules.LIST)),
  offset: rules.optional(rules.INDEX),
  predicts: rules.optional(rules.PREDICTS),
  sigmas: rules.optional(rules.either(rules.TEXT, rules.NUMBERS)),
  eta: rules.optional(rules.UNIT),
  keepEpsilon: rules.optional(rules.FLAG),
  lowerOrderFinal: rules.optional(rules.FLAG),
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
