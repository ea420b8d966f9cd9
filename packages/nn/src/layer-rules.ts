import { checkArguments, checkOptions, rules } from "@gen/math/arguments";

type Rules = Parameters<typeof checkOptions>[1];

const { COUNT, FLAG, FUNCTION, NUMBER, SEED, TEXT, optional } = rules;

/** The options that layers share. */
const layerRules: Rules = {
  seed: optional(SEED),
  bias: optional(FLAG),
  weight: optional(FUNCTION),
  heads: optional(NUMBER),
  groups: optional(NUMBER),
  epsilon: optional(NUMBER),
  dropout: optional(NUMBER),
  kernel: optional(COUNT),
  stride: optional(COUNT),
  padding: optional(rules.INDEX),
  timeFeatures: optional(COUNT),
  contextFeatures: optional(COUNT),
  affine: optional(FLAG),
};

/** The options that networks share. */
const networkRules: Rules = {
  ...layerRules,
  name: optional(TEXT),
  classes: optional(COUNT),
  activation: optional(rules.either(TEXT, FUNCTION)),
  size: optional(COUNT),
  inChannels: optional(COUNT),
  outChannels: optional(COUNT),
  learnedVariance: optional(FLAG),
  map: optional(FLAG),
};

/**
 * Checks a layer's name, sizes and options.
 *
 * @throws RangeError naming the first that is not allowed.
 */
export function checkLayer(
  name: string,
  sizes: Readonly<Record<string, number>>,
  options: object,
  own: Rules = {},
): void {
  const counts = Object.fromEntries(Object.keys(sizes).map((size) => [size, COUNT]));
  checkArguments({ name, ...sizes }, { name: TEXT, ...counts });
  checkOptions(options, { ...layerRules, ...own });
}

/**
 * Checks the options of a network.
 *
 * @throws RangeError naming the first that is not allowed.
 */
export const checkNetwork = (options: object, own: Rules): void =>
  checkOptions(options, { ...networkRules, ...own });

/** A list of sizes, which may be empty. */
export const SIZES_OR_NONE: (typeof rules)["LIST"] = rules.listOf(COUNT);
