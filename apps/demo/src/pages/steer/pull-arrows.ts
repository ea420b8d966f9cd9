import { type Guidance, type LabeledMixture, levelOf, logSnrAt, pullsAt } from "@gen/figures";

/** What pulls a point: the model, the classifier, and both together. */
export type Pull = "model" | "classifier" | "sum";

/** The part of the way to the model's estimate that an arrow shows at most. */
const SHARE = 0.22;

/**
 * The pulls on points `[n, 2]` at a position of the axis, as arrows. One factor for all keeps the
 * sum the sum: most arrows are at most `longest` long.
 */
export function pullArrows(
  mixture: LabeledMixture,
  { classes, scale }: Guidance,
  at: number,
  { points, longest }: { readonly points: ArrayLike<number>; readonly longest: number },
): Record<Pull, Float64Array> {
  const level = levelOf(logSnrAt(at));
  const { score, classifier } = pullsAt(mixture, points, level);
  const pull = score.map((_, i) => classes.reduce((sum, c) => sum + scale * classifier[c][i], 0));
  const sum = score.map((v, i) => v + pull[i]);
  const lengths = [score, pull, sum].flatMap((each) =>
    Array.from({ length: each.length / 2 }, (_, i) => Math.hypot(each[2 * i], each[2 * i + 1])),
  );
  const most = lengths.sort((a, b) => a - b)[Math.floor(0.9 * (lengths.length - 1))];
  // The score times the variance is the way to the estimate.
  const variance = (level.signal * mixture.sigma) ** 2 + level.noise ** 2;
  const factor = Math.min(SHARE * variance, longest / most);
  const arrows = (each: Float64Array) => each.map((v) => v * factor);
  return { model: arrows(score), classifier: arrows(pull), sum: arrows(sum) };
}
