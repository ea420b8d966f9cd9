/*
 * Points of several classes whose every quantity is a closed form: equal round Gaussians in the
 * plane, one at each anchor, the anchors sorted by class.
 *
 *   x = signal x0 + noise epsilon,   v = signal^2 sigma^2 + noise^2
 *   p(x, c)  ~  sum over the anchors a of class c of exp(-|x - signal a|^2 / 2v)
 *   m_c(x)   =  the mean of those anchors under the terms of that sum
 *
 * From `log p(x, c)` and `m_c` follow the density, the posterior of the classes, the score
 * `(signal m - x) / v` and the classifier's gradient `(signal / v) (m_c - m)`.
 */
import { type NoiseLevel, randomStream } from "@gen/math";
import { anchorMean } from "./anchor-mean.ts";

/** Points of several classes: a round Gaussian of one width at each anchor. */
export interface LabeledMixture {
  /** The anchors of each class, `[k, 2]`. */
  readonly classes: readonly ArrayLike<number>[];
  /** The standard deviation around each anchor. */
  readonly sigma: number;
}

/** Points with their classes. */
export interface LabeledPoints {
  /** `[n, 2]`. */
  readonly points: ArrayLike<number>;
  /** The class of each, `[n]`. */
  readonly labels: ArrayLike<number>;
}

/** Independent draws of a mixture, with their classes. All anchors have the same weight. */
export function mixturePoints(
  { classes, sigma }: LabeledMixture,
  { count, seed }: { readonly count: number; readonly seed: number },
): LabeledPoints {
  const labelOf = classes.flatMap((anchors, c) => new Array<number>(anchors.length / 2).fill(c));
  const all = classes.flatMap((anchors) => Array.from(anchors));
  const chosen = randomStream({ seed, purpose: "anchors" }).integers(count, labelOf.length);
  const offsets = randomStream({ seed, purpose: "offsets" }).normal(2 * count);
  return {
    points: offsets.map((v, i) => all[2 * chosen[i >> 1] + (i % 2)] + sigma * v),
    labels: Uint8Array.from(chosen, (k) => labelOf[k]),
  };
}

/** The terms of each class at points `[n, 2]`. */
export interface ClassTerms {
  /** `log p(x, c)` up to a constant that is the same for all points and classes, `[classes][n]`. */
  readonly logDensity: readonly Float64Array[];
  /** `m_c(x)`, `[classes][n, 2]`. */
  readonly mean: readonly Float64Array[];
}

/** The {@link ClassTerms} of points `x` `[n, 2]` at a noise level. */
export function classTerms(
  { classes, sigma }: LabeledMixture,
  x: ArrayLike<number>,
  { signal, noise }: NoiseLevel,
): ClassTerms {
  const scale = -0.5 / (signal * signal * sigma * sigma + noise * noise);
  const n = x.length / 2;
  const terms = classes.map((anchors) => {
    const logDensity = new Float64Array(n);
    const mean = new Float64Array(2 * n);
    const meanOf = anchorMean(anchors);
    const own = { x: 0, y: 0, log: 0 };
    for (let i = 0; i < n; i++) {
      meanOf(x[2 * i], x[2 * i + 1], signal, scale, own);
      mean[2 * i] = own.x;
      mean[2 * i + 1] = own.y;
      logDensity[i] = own.log;
    }
    return { logDensity, mean };
  });
  return {
    logDensity: terms.map(({ logDensity }) => logDensity),
    mean: terms.map(({ mean }) => mean),
  };
}

/** `log p(x)` up to a constant, `[n]`. */
export function logMarginal({ logDensity }: ClassTerms): Float64Array {
  return logDensity[0].map((_, i) => {
    const top = Math.max(...logDensity.map((each) => each[i]));
    return top + Math.log(logDensity.reduce((sum, each) => sum + Math.exp(each[i] - top), 0));
  });
}

/** The posterior `log p(c | x)` of each class, `[classes][n]`. */
export function classLogProbs(terms: ClassTerms): Float64Array[] {
  const total = logMarginal(terms);
  return terms.logDensity.map((each) => each.map((v, i) => v - total[i]));
}

/** The most probable class of each point. */
export function likelyClass({ logDensity }: ClassTerms): Uint8Array {
  return Uint8Array.from(logDensity[0], (_, i) => {
    const each = logDensity.map((values) => values[i]);
    return each.indexOf(Math.max(...each));
  });
}

/** `m(x)`: the mean of all anchors under the mixture, `[n, 2]`. */
function meanOfAll(terms: ClassTerms): Float64Array {
  const shares = classLogProbs(terms).map((each) => each.map(Math.exp));
  return terms.mean[0].map((_, i) =>
    terms.mean.reduce((sum, mean, c) => sum + shares[c][i >> 1] * mean[i], 0),
  );
}

/** What moves points: the model's score and, for each class, the classifier's gradient. */
export interface Pulls {
  /** The gradient of `log p(x)`, `[n, 2]`. */
  readonly score: Float64Array;
  /** The gradient of `log p(c | x)` of each class, `[classes][n, 2]`. */
  readonly classifier: readonly Float64Array[];
}

/** The {@link Pulls} on points `x` `[n, 2]` at a noise level. */
export function pullsAt(mixture: LabeledMixture, x: ArrayLike<number>, level: NoiseLevel): Pulls {
  const { signal, noise } = level;
  const variance = (signal * mixture.sigma) ** 2 + noise ** 2;
  const terms = classTerms(mixture, x, level);
  const all = meanOfAll(terms);
  return {
    score: all.map((mean, i) => (signal * mean - x[i]) / variance),
    classifier: terms.mean.map((own) =>
      own.map((mean, i) => (signal / variance) * (mean - all[i])),
    ),
  };
}
