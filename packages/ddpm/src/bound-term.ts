import { type Arithmetic, discretizedGaussianLogProb, klNormal, normalLogProb } from "@gen/math";

/** How the last step gives the data: 8-bit values in [-1, 1], or a density. */
export type Decoder = "discretized" | "density";

/** What one term of the bound is a function of; elementwise, anything that broadcasts. */
export interface BoundTermInputs<T> {
  readonly x0: T;
  /** The noisy sample x_t. */
  readonly x: T;
  /** The denoiser's clean estimate. */
  readonly estimate: T;
  /** Of `p(x_{t-1} | x_t)`. */
  readonly logVariance: T;
  /** `q(x_{t-1} | x_t, x0)`: the mean's coefficients and the clipped log variance at t. */
  readonly posterior: { readonly x0: T; readonly x: T; readonly logVariance: T };
}

/** `KL(q(x_{t-1} | x_t, x0) || p(x_{t-1} | x_t))` in nats, elementwise (Ho et al. 2020, eq. 5). */
export function boundKl<T>(a: Arithmetic<T>, inputs: BoundTermInputs<T>): T {
  const { x0, posterior, logVariance } = inputs;
  const truth = meanOf(a, x0, inputs);
  return klNormal(a, truth, posterior.logVariance, reverseMean(a, inputs), logVariance);
}

/** `-log p(x0 | x_1)` in nats, elementwise: the bound's term at t = 0 (Ho et al. 2020, eq. 13). */
export function boundDecoder<T>(a: Arithmetic<T>, inputs: BoundTermInputs<T>, kind: Decoder): T {
  const { x0, logVariance } = inputs;
  const mean = reverseMean(a, inputs);
  const logProb =
    kind === "density"
      ? normalLogProb(a, x0, mean, logVariance)
      : discretizedGaussianLogProb(a, x0, mean, a.mul(a.constant(0.5), logVariance));
  return a.neg(logProb);
}

const meanOf = <T>(a: Arithmetic<T>, x0: T, { x, posterior }: BoundTermInputs<T>) =>
  a.add(a.mul(posterior.x0, x0), a.mul(posterior.x, x));

const reverseMean = <T>(a: Arithmetic<T>, inputs: BoundTermInputs<T>) =>
  meanOf(a, inputs.estimate, inputs);
