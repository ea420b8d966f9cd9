import { checkArguments, checkOptions, rules } from "@gen/math/arguments";

type Rules = Parameters<typeof checkOptions>[1];

/** The size of images: the side of a square, or height and width. */
export const IMAGE_SIZE = rules.either(rules.COUNT, [
  "[height, width] of positive integers",
  (value) => rules.SIZES[1](value) && (value as readonly number[]).length === 2,
]);

/** The options that layers share. */
const layerRules: Rules = {
  seed: rules.optional(rules.SEED),
  bias: rules.optional(rules.FLAG),
  weight: rules.optional(rules.FUNCTION),
  heads: rules.optional(rules.NUMBER),
  groups: rules.optional(rules.NUMBER),
  epsilon: rules.optional(rules.NOT_NEGATIVE),
  dropout: rules.optional(["in [0, 1)", (rate) => rules.UNIT[1](rate) && rate !== 1]),
  kernel: rules.optional(rules.COUNT),
  stride: rules.optional(rules.COUNT),
  padding: rules.optional(rules.INDEX),
  timeFeatures: rules.optional(rules.COUNT),
  contextFeatures: rules.optional(rules.COUNT),
  affine: rules.optional(rules.FLAG),
};

/** The options that networks share. */
const networkRules: Rules = {
  ...layerRules,
  name: rules.optional(rules.TEXT),
  classes: rules.optional(rules.COUNT),
  activation: rules.optional(rules.either(rules.TEXT, rules.FUNCTION)),
  size: rules.optional(IMAGE_SIZE),
  inChannels: rules.optional(rules.COUNT),
  outChannels: rules.optional(rules.COUNT),
  learnedVariance: rules.optional(rules.FLAG),
  map: rules.optional(rules.FLAG),
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
  const counts = Object.fromEntries(Object.keys(sizes).map((size) => [size, rules.COUNT]));
  checkArguments({ name, ...sizes }, { name: rules.TEXT, ...counts });
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
export const SIZES_OR_NONE: (typeof rules)["LIST"] = rules.listOf(rules.COUNT);
