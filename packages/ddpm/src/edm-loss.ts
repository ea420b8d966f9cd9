/*
 * EDM: the network F sees numbers of variance 1 and learns a target of variance 1, at every noise
 * level sigma (Karras et al. 2022, section 5 and table 1). D is the denoiser that F stands for:
 *
 *   D(x; sigma) = c_skip x + c_out F(c_in x; c_noise)
 *   loss = E lambda |D(y + n; sigma) - y|^2,   n ~ N(0, sigma^2),   ln sigma ~ N(-1.2, 1.2^2)
 *        = E lambda c_out^2 |F - (y - c_skip (y + n)) / c_out|^2,   lambda c_out^2 = 1
 *
 * With x = y + sigma epsilon the target is (sigma y / data - data epsilon) / sqrt(sigma^2 + data^2),
 * where `data` is the deviation of the data. This form loses no digits at a small sigma.
 */
import { add, div, type Expr, exprArithmetic, mean, mul, reshape, square, sub } from "@gen/graph";
import type { Arithmetic } from "@gen/math";
import { checkArguments, checkOptions, rules } from "@gen/math/arguments";
import type { Conditions, Denoiser } from "@gen/sampling";

/** The five functions of sigma in table 1 of Karras et al. 2022. */
export interface EdmPreconditioning<T> {
  /** `data^2 / (sigma^2 + data^2)`: the share of x in the clean estimate. */
  readonly skip: T;
  /** `sigma data / sqrt(sigma^2 + data^2)`: what the network's output is multiplied by. */
  readonly output: T;
  /** `1 / sqrt(sigma^2 + data^2)`: what x is multiplied by before the network. */
  readonly input: T;
  /** `ln(sigma) / 4`: the network's time. */
  readonly noise: T;
  /** `(sigma^2 + data^2) / (sigma data)^2`: the weight of the squared error of D. */
  readonly weight: T;
}

/**
 * EDM's preconditioning and weight at a noise level (Karras et al. 2022, table 1).
 *
 * @param a The arithmetic of sigma, such as `numberArithmetic`.
 * @param sigma The noise level, positive.
 * @param dataDeviation The standard deviation of the data. Default: 0.5.
 * @throws RangeError when the deviation is not positive.
 */
export function edmPreconditioning<T>(
  a: Arithmetic<T>,
  sigma: T,
  dataDeviation = 0.5,
): EdmPreconditioning<T> {
  checkArguments(
    { a, sigma, dataDeviation },
    { a: ARITHMETIC, sigma: SIGMA, dataDeviation: rules.POSITIVE_FINITE },
  );
  const data = a.constant(dataDeviation);
  const total = a.add(a.mul(sigma, sigma), a.mul(data, data));
  const root = a.sqrt(total);
  const product = a.mul(sigma, data);
  return {
    skip: a.div(a.mul(data, data), total),
    output: a.div(product, root),
    input: a.div(a.constant(1), root),
    noise: a.mul(a.log(sigma), a.constant(0.25)),
    weight: a.div(total, a.mul(product, product)),
  };
}

const ARITHMETIC = rules.having("an arithmetic, such as exprArithmetic", {
  sqrt: rules.FUNCTION,
  constant: rules.FUNCTION,
});

const SIGMA = rules.either(rules.POSITIVE_FINITE, rules.NUMBERS, rules.EXPRESSION);

/** The inputs of {@link edmLoss}. */
export interface EdmLossInputs {
  /** Clean data `[batch, ...]`. */
  readonly x0: Expr;
  /** The noise level of each sample, `[batch]`, positive. */
  readonly sigma: Expr;
  /** Standard normal noise `[batch, ...]`. */
  readonly epsilon: Expr;
  /** The conditions of each sample, for a network that takes them. */
  readonly condition?: Conditions<Expr>;
}

/**
 * EDM's loss (Karras et al. 2022, section 5): the weighted squared error of the clean estimate, mean
 * over the batch and all elements. It is the squared error of the network's output F.
 *
 * @param network The network F of (x, t), with t a float: `ln(sigma) / 4`.
 * @param options The deviation of the data.
 * @throws RangeError when the deviation is not positive.
 */
export function edmLoss(
  network: Pick<Denoiser, "apply">,
  options: {
    /** The standard deviation of the data. @defaultValue 0.5 */
    readonly dataDeviation?: number;
  } = {},
): (inputs: EdmLossInputs) => Expr {
  checkArguments({ network }, { network: rules.having("a network", { apply: rules.FUNCTION }) });
  checkOptions(options, { dataDeviation: rules.optional(rules.POSITIVE_FINITE) });
  const { dataDeviation: data = 0.5 } = options;
  return ({ x0, sigma, epsilon, condition }) => {
    const ones = x0.shape.slice(1).map(() => 1);
    const level = reshape(sigma, [sigma.shape[0], ...ones]);
    const { input } = edmPreconditioning(exprArithmetic, level, data);
    const { noise } = edmPreconditioning(exprArithmetic, sigma, data);
    const output = network.apply(mul(input, add(x0, mul(level, epsilon))), noise, condition);
    const target = mul(sub(div(mul(level, x0), data), mul(epsilon, data)), input);
    return mean(square(sub(output, target)));
  };
}
