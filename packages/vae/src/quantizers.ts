/*
 * Latents from a finite set. A quantizer replaces each vector of z, `features` numbers at one
 * position, by a code; the gradient passes as if nothing had happened (straight-through):
 *
 *   quantized = sg[code] + z - sg[z],    sg: stopGradient
 */
import {
  add,
  cast,
  constant,
  div,
  type Expr,
  equal,
  exprArithmetic,
  floor,
  matmul,
  max,
  maximum,
  mul,
  neg,
  type Parameter,
  reshape,
  square,
  stopGradient,
  sub,
  sum,
  tensor,
  transpose,
} from "@gen/graph";
import { checkArguments, checkOptions, refused, rules } from "@gen/math/arguments";
import { initializedParameter, ones, uniform } from "@gen/nn";

/** What a quantizer makes of z. */
export interface Quantized {
  /** The codes in place of z, with the gradient of z, `[batch, features, ...]`. */
  readonly z: Expr;
  /** The number of each code, `[batch, ...]`, as floats. */
  readonly codes: Expr;
  /** The codes as functions of the codebook alone, where there is one to learn. */
  readonly entries?: Expr;
  /** The next codebook, where moving averages learn it. */
  readonly codebook?: Expr;
  /** The next counts of the codes, where moving averages learn the codebook. */
  readonly counts?: Expr;
}

/** A finite set of codes for vectors of `features` numbers. */
export interface Quantizer {
  /** Numbers of one vector: the first axis of z. */
  readonly features: number;
  /** How many codes there are. */
  readonly codes: number;
  /** The codebook, and its counts where moving averages learn it. */
  readonly parameters: readonly Parameter[];
  /** z `[batch, features, ...]` to its codes. */
  apply(z: Expr): Quantized;
  /** The codes `[codes, features]`, row-major, where they are not learned. */
  readonly table?: Float32Array;
}

/** The names of a codebook and of its counts. */
export const CODEBOOK = "quantizer.codebook";
export const COUNTS = "quantizer.counts";

/** Settings of {@link vectorQuantizer}. */
export interface VectorQuantizerOptions {
  /** How many codes there are. */
  readonly codes: number;
  /** Numbers of one code. */
  readonly features: number;
  /**
   * Learns the codebook by moving averages of this decay in [0, 1), such as 0.99, not by a loss.
   * @defaultValue none
   */
  readonly decay?: number;
  /** Seed of the first codes, which are uniform in (-1 / codes, 1 / codes). @defaultValue 0 */
  readonly seed?: number;
}

/**
 * The nearest code of a learned codebook (van den Oord et al. 2017, eq. 1 and 2).
 *
 * With `decay`, code i and its count N move with the n vectors z of a batch that chose it
 * (ibid., appendix A.1): `N' = decay N + (1 - decay) n` and
 * `e' = (decay N e + (1 - decay) sum z) / N'`. All counts start at 1, so that the first step has the
 * scale of the others, and a code that no vector chooses stays.
 *
 * @param options The codes, and how they are learned.
 */
export function vectorQuantizer(options: VectorQuantizerOptions): Quantizer {
  checkOptions(options, {
    codes: rules.COUNT,
    features: rules.COUNT,
    decay: rules.optional(rules.UNIT),
    seed: rules.optional(rules.SEED),
  });
  const { codes, features, decay, seed = 0 } = options;
  if (decay === 1) throw refused("decay", "in [0, 1)", decay);
  const shape = [codes, features];
  const codebook = initializedParameter(CODEBOOK, shape, uniform(1 / codes), seed);
  const counts = initializedParameter(COUNTS, [codes], ones, seed);
  const apply = (z: Expr): Quantized => {
    const book = cast(codebook, z.dtype);
    const rows = rowsOf(z, features);
    const isNearest = nearest(stopGradient(rows), stopGradient(book));
    const entries = matmul(isNearest, book);
    const numbers = constant(
      tensor(
        Array.from({ length: codes }, (_, k) => k),
        [codes, 1],
        z.dtype,
      ),
    );
    const chosen = reshape(matmul(isNearest, numbers), [z.shape[0], ...z.shape.slice(2)]);
    const found = { z: straightThrough(z, fromRows(entries, z)), codes: chosen };
    if (decay === undefined) return { ...found, entries: fromRows(entries, z) };
    const used = sum(isNearest, [0]);
    const total = matmul(isNearest, rows, { transposeA: true });
    const next = add(mul(cast(counts, z.dtype), decay), mul(used, 1 - decay));
    // e' = e + (1 - decay) (sum z - n e) / N', which has no 0 / 0 for a code that is never chosen.
    const gap = sub(total, mul(reshape(used, [codes, 1]), book));
    const share = div(constant(1 - decay, z.dtype), maximum(next, 1e-30));
    const moved = add(book, mul(gap, reshape(share, [codes, 1])));
    const [nextBook, nextCounts] = [cast(moved, codebook.dtype), cast(next, counts.dtype)];
    return { ...found, codebook: nextBook, counts: nextCounts };
  };
  const parameters = decay === undefined ? [codebook] : [codebook, counts];
  return { features, codes, parameters, apply };
}

/** The nearest row of the codebook for each row of z, as a one-hot matrix `[rows, codes]`. */
function nearest(rows: Expr, codebook: Expr): Expr {
  // |z - e|^2 - |z|^2
  const norms = reshape(sum(square(codebook), [1]), [1, codebook.shape[0]]);
  const closeness = neg(sub(norms, mul(matmul(rows, codebook, { transposeB: true }), 2)));
  const ties = cast(equal(closeness, max(closeness, [1], true)), rows.dtype);
  return div(ties, sum(ties, [1], true));
}

/**
 * Rounds each feature to one of a few levels (Mentzer et al. 2024, section 3.1 and appendix A.1):
 * there are `prod(levels)` codes and nothing to learn. Codes are in [-1, 1].
 *
 * The number of a code counts the first feature fastest.
 *
 * @param levels The levels of each feature, at least 2 each, such as `[8, 5, 5, 5]`.
 */
export function finiteScalarQuantizer(levels: readonly number[]): Quantizer {
  checkArguments({ levels }, { levels: rules.listOf(rules.integerIn(2, 65_536), 1) });
  const features = levels.length;
  const strides = levels.map((_, i) => levels.slice(0, i).reduce((a, b) => a * b, 1));
  const apply = (z: Expr): Quantized => {
    const column = (of: (level: number, i: number) => number) =>
      constant(tensor(levels.map(of), [1, features, ...z.shape.slice(2).map(() => 1)], z.dtype));
    const half = (level: number) => ((level - 1) * (1 - 1e-3)) / 2;
    const offset = (level: number) => (level % 2 === 1 ? 0 : 0.5);
    const shift = column((level) => Math.tan(offset(level) / half(level)));
    const wave = exprArithmetic.tanh(add(z, shift));
    const bounded = sub(mul(wave, column(half)), column(offset));
    const whole = floor(add(bounded, 0.5));
    const places = column((level) => Math.floor(level / 2));
    const digits = mul(
      add(whole, places),
      column((_, i) => strides[i]),
    );
    return {
      z: div(straightThrough(bounded, whole), places),
      codes: sum(digits, [1]),
    };
  };
  const codes = levels.reduce((a, b) => a * b, 1);
  const table = Float32Array.from({ length: codes * features }, (_, k) => {
    const i = k % features;
    const place = Math.floor(levels[i] / 2);
    return ((Math.floor(Math.floor(k / features) / strides[i]) % levels[i]) - place) / place;
  });
  return { features, codes, parameters: [], apply, table };
}

/** `code` with the gradient of z. */
const straightThrough = (z: Expr, code: Expr): Expr =>
  add(stopGradient(code), sub(z, stopGradient(z)));

/** z `[batch, features, ...]` as `[batch * positions, features]`. */
function rowsOf(z: Expr, features: number): Expr {
  const axes = z.shape.map((_, i) => i);
  return reshape(transpose(z, [0, ...axes.slice(2), 1]), [-1, features]);
}

/** Rows `[batch * positions, features]` in the shape of z. */
function fromRows(rows: Expr, z: Expr): Expr {
  const [batch, features, ...rest] = z.shape;
  const last = rest.length + 1;
  const positions = rest.map((_, i) => i + 1);
  return transpose(reshape(rows, [batch, ...rest, features]), [0, last, ...positions]);
}
