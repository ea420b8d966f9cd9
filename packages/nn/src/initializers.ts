import { type Parameter, parameter, type Tensor, tensor } from "@gen/graph";
import { randomStream } from "@gen/math";
import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";
import { SIZES_OR_NONE } from "./layer-rules.ts";

/**
 * Makes the first value of a weight, `[out, in, ...kernel]` for matrices and convolutions. `key`
 * alone decides the random numbers.
 *
 * @param shape The weight's shape, `[out, in, ...kernel]`.
 * @param key What the random numbers depend on.
 */
export type Initializer = (
  shape: readonly number[],
  key: {
    /** The network's seed. */
    readonly seed: number;
    /** The weight's full name. */
    readonly name: string;
  },
) => Tensor;

/** The number of elements of a tensor of this shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** All elements 0. */
export const zeros: Initializer = (shape) => filled(shape, 0);

/** All elements 1. */
export const ones: Initializer = (shape) => filled(shape, 1);

function filled(shape: readonly number[], value: number): Tensor {
  checkArguments({ shape }, { shape: SIZES_OR_NONE });
  return tensor(new Float32Array(sizeOf(shape)).fill(value), shape);
}

const random =
  (kind: "uniform" | "normal", scaled: (v: number) => number): Initializer =>
  (shape, { seed, name }) => {
    const numbers = randomStream({ seed, purpose: `weights/${name}` })[kind](sizeOf(shape));
    return tensor(numbers.map(scaled), shape);
  };

/**
 * Uniform in `(-bound, bound)`.
 *
 * @param bound The largest size of a number.
 */
export function uniform(bound: number): Initializer {
  checkArguments({ bound }, { bound: rules.FINITE });
  return random("uniform", (u) => (2 * u - 1) * bound);
}

/**
 * Normal with mean 0 and the given standard deviation.
 *
 * @param deviation The standard deviation.
 */
export function normalWeights(deviation: number): Initializer {
  checkArguments({ deviation }, { deviation: rules.FINITE });
  return random("normal", (z) => z * deviation);
}

/**
 * Inputs and outputs of one unit of a weight `[out, in, ...kernel]`:
 * `in * prod(kernel)` and `out * prod(kernel)`.
 * @throws RangeError when the shape has fewer than two dimensions.
 */
export function fanInOut(shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new ArgumentError(`fan-in needs a shape [out, in, ...kernel], got [${shape.join(", ")}]`);
  }
  const field = sizeOf(shape.slice(2));
  return { fanIn: shape[1] * field, fanOut: shape[0] * field };
}

type ByFans = (fans: ReturnType<typeof fanInOut>) => number;

function uniformByFans(gain: number, boundOf: ByFans): Initializer {
  checkArguments({ gain }, { gain: rules.FINITE });
  return (shape, key) => uniform(boundOf(fanInOut(shape)))(shape, key);
}

function normalByFans(gain: number, deviationOf: ByFans): Initializer {
  checkArguments({ gain }, { gain: rules.FINITE });
  return (shape, key) => normalWeights(deviationOf(fanInOut(shape)))(shape, key);
}

/**
 * Uniform with variance `gain^2 / fanIn` (He et al. 2015, section 2.2), for relu by default.
 *
 * @param gain The gain of the activation that follows. Default: sqrt(2), relu's.
 */
export const kaimingUniform = (gain = Math.SQRT2): Initializer =>
  uniformByFans(gain, ({ fanIn }) => gain * Math.sqrt(3 / fanIn));

/**
 * Normal with variance `gain^2 / fanIn` (He et al. 2015, eq. 10), for relu by default.
 *
 * @param gain The gain of the activation that follows. Default: sqrt(2), relu's.
 */
export const kaimingNormal = (gain = Math.SQRT2): Initializer =>
  normalByFans(gain, ({ fanIn }) => gain / Math.sqrt(fanIn));

/**
 * Uniform with variance `2 gain^2 / (fanIn + fanOut)` (Glorot and Bengio 2010, eq. 16).
 *
 * @param gain The gain of the activation that follows. Default: 1.
 */
export const xavierUniform = (gain = 1): Initializer =>
  uniformByFans(gain, ({ fanIn, fanOut }) => gain * Math.sqrt(6 / (fanIn + fanOut)));

/**
 * Normal with variance `2 gain^2 / (fanIn + fanOut)` (Glorot and Bengio 2010, eq. 12).
 *
 * @param gain The gain of the activation that follows. Default: 1.
 */
export const xavierNormal = (gain = 1): Initializer =>
  normalByFans(gain, ({ fanIn, fanOut }) => gain * Math.sqrt(2 / (fanIn + fanOut)));

/** PyTorch's default for linear and convolution layers: uniform within `1 / sqrt(fanIn)`. */
export const fanInUniform = uniformByFans(1, ({ fanIn }) => 1 / Math.sqrt(fanIn));

/**
 * A float32 parameter whose first value is the initializer's for this name and seed.
 *
 * @param name The parameter's full name.
 * @param shape The parameter's shape.
 * @param initializer Makes the first value.
 * @param seed With the name, decides the random numbers.
 */
export function initializedParameter(
  name: string,
  shape: readonly number[],
  initializer: Initializer,
  seed: number,
): Parameter {
  checkArguments(
    { name, shape, initializer, seed },
    {
      name: rules.TEXT,
      shape: rules.listOf(rules.INDEX),
      initializer: rules.FUNCTION,
      seed: rules.SEED,
    },
  );
  return parameter(name, initializer(shape, { seed, name }));
}

/** Settings of every layer with weights. */
export interface LayerOptions {
  /** Seed of the first weights; seed and name decide a weight's numbers. @defaultValue 0 */
  seed?: number;
  /** Whether a learned bias is added. @defaultValue true */
  bias?: boolean;
  /**
   * First values of the weight. With it the bias starts at zero.
   * @defaultValue PyTorch's, for weight and bias
   */
  weight?: Initializer;
}

/** A layer's `NAME.weight` of `shape` and, where it has a bias, `NAME.bias` `[shape[0]]`. */
export function layerParameters(name: string, shape: readonly number[], options: LayerOptions) {
  const { seed = 0, bias = true, weight } = options;
  const first = uniform(weight ? 0 : 1 / Math.sqrt(fanInOut(shape).fanIn));
  return {
    w: initializedParameter(`${name}.weight`, shape, weight ?? fanInUniform, seed),
    b: bias ? initializedParameter(`${name}.bias`, [shape[0]], first, seed) : undefined,
  };
}
