import { type Parameter, parameter, type Tensor, tensor } from "@gen/graph";
import { randomStream } from "@gen/math";

/** What alone decides a weight's first random numbers. */
export interface WeightKey {
  readonly seed: number;
  readonly name: string;
}

/** Makes the first value of a weight, `[out, in, ...kernel]` for matrices and convolutions. */
export type Initializer = (shape: readonly number[], key: WeightKey) => Tensor;

/** The number of elements of a tensor of this shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const streamOf = ({ seed, name }: WeightKey) => randomStream({ seed, purpose: `weights/${name}` });

/** All elements 0. */
export const zeros: Initializer = (shape) => tensor(new Float32Array(sizeOf(shape)), shape);

/** All elements 1. */
export const ones: Initializer = (shape) => tensor(new Float32Array(sizeOf(shape)).fill(1), shape);

/** Uniform in `(-bound, bound)`. */
export const uniform =
  (bound: number): Initializer =>
  (shape, key) => {
    const numbers = streamOf(key).uniform(sizeOf(shape));
    return tensor(
      Float64Array.from(numbers, (u) => (2 * u - 1) * bound),
      shape,
    );
  };

/** Normal with mean 0 and the given standard deviation. */
export const normalWeights =
  (deviation: number): Initializer =>
  (shape, key) => {
    const numbers = streamOf(key).normal(sizeOf(shape));
    return tensor(
      Float64Array.from(numbers, (z) => z * deviation),
      shape,
    );
  };

/**
 * Inputs and outputs of one unit of a weight `[out, in, ...kernel]`:
 * `in * prod(kernel)` and `out * prod(kernel)`.
 * @throws RangeError when the shape has fewer than two dimensions.
 */
export function fanInOut(shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new RangeError(`fan-in needs a shape [out, in, ...kernel], got [${shape.join(", ")}]`);
  }
  const field = sizeOf(shape.slice(2));
  return { fanIn: shape[1] * field, fanOut: shape[0] * field };
}

/** `draw` with the size that a weight's inputs and outputs give. */
const byFans =
  (
    draw: (size: number) => Initializer,
    sizeFor: (fans: ReturnType<typeof fanInOut>) => number,
  ): Initializer =>
  (shape, key) =>
    draw(sizeFor(fanInOut(shape)))(shape, key);

/** Uniform with variance `gain^2 / fanIn` (He et al. 2015, section 2.2); gain sqrt(2) suits relu. */
export const kaimingUniform = (gain = Math.SQRT2): Initializer =>
  byFans(uniform, ({ fanIn }) => gain * Math.sqrt(3 / fanIn));

/** Normal with variance `gain^2 / fanIn` (He et al. 2015, eq. 10); gain sqrt(2) suits relu. */
export const kaimingNormal = (gain = Math.SQRT2): Initializer =>
  byFans(normalWeights, ({ fanIn }) => gain / Math.sqrt(fanIn));

/** Uniform with variance `2 gain^2 / (fanIn + fanOut)` (Glorot and Bengio 2010, eq. 16). */
export const xavierUniform = (gain = 1): Initializer =>
  byFans(uniform, ({ fanIn, fanOut }) => gain * Math.sqrt(6 / (fanIn + fanOut)));

/** Normal with variance `2 gain^2 / (fanIn + fanOut)` (Glorot and Bengio 2010, eq. 12). */
export const xavierNormal = (gain = 1): Initializer =>
  byFans(normalWeights, ({ fanIn, fanOut }) => gain * Math.sqrt(2 / (fanIn + fanOut)));

/** PyTorch's default for linear and convolution layers: uniform within `1 / sqrt(fanIn)`. */
export const fanInUniform = byFans(uniform, ({ fanIn }) => 1 / Math.sqrt(fanIn));

/** A float32 parameter whose first value is the initializer's for this name and seed. */
export const initializedParameter = (
  name: string,
  shape: readonly number[],
  initializer: Initializer,
  seed: number,
): Parameter => parameter(name, initializer(shape, { seed, name }));
