import { ArgumentError } from "../gen-error.ts";

/** A joint distribution of discrete variables: a table of shape `shape`, row-major, of sum 1. */
export interface Joint {
  /** The number of values of each variable. */
  readonly shape: readonly number[];
  /** The table, row-major: the last variable changes fastest. */
  readonly probabilities: ArrayLike<number>;
}

/**
 * The distribution of the variables `axes`, in that order: `P(A) = sum_B P(A, B)`.
 *
 * @param joint The table.
 * @param axes The variables to keep, by their place in `shape`.
 * @throws RangeError when the table does not fit its shape or an axis does not exist.
 */
export function marginal(joint: Joint, axes: readonly number[]): Joint {
  const places = placesOf(joint);
  const shape = axes.map((axis) => {
    if (Number.isInteger(axis) && axis >= 0 && axis < joint.shape.length) return joint.shape[axis];
    throw new ArgumentError(`axes must be integers in 0..${joint.shape.length - 1}, got ${axis}`);
  });
  const probabilities = new Float64Array(shape.reduce((size, count) => size * count, 1));
  places.forEach((place, i) => {
    const at = axes.reduce((sum, axis) => sum * joint.shape[axis] + place[axis], 0);
    probabilities[at] += joint.probabilities[i];
  });
  return { shape, probabilities };
}

/**
 * The distribution of the other variables, in their order, given the known ones:
 * `P(B | A = a) = P(a, B) / P(a)`. `known` maps axes to values.
 *
 * @param joint The table.
 * @param known The known values, by the place of their variable.
 * @throws RangeError when the known values have probability 0.
 */
export function condition(joint: Joint, known: Readonly<Record<number, number>>): Joint {
  const fixed = Object.entries(known).map(([axis, value]) => [Number(axis), value]);
  const places = placesOf(joint);
  const kept = Float64Array.from(joint.probabilities, (probability, i) =>
    fixed.every(([axis, value]) => places[i][axis] === value) ? probability : 0,
  );
  const total = kept.reduce((sum, probability) => sum + probability, 0);
  if (!(total > 0)) {
    throw new ArgumentError(`known must have positive probability, got ${JSON.stringify(known)}`);
  }
  const free = joint.shape.map((_, axis) => axis).filter((axis) => !(axis in known));
  const rest = marginal({ shape: joint.shape, probabilities: kept }, free);
  return {
    shape: rest.shape,
    probabilities: Float64Array.from(rest.probabilities, (probability) => probability / total),
  };
}

/**
 * The factors `P(X_0), P(X_1 | X_0), P(X_2 | X_0, X_1), ...`, whose product is the joint.
 * Factor k has the shape of the first k + 1 variables, and is 0 where its condition is impossible.
 *
 * @param joint The table.
 */
export function chainRule(joint: Joint): Joint[] {
  const heads = joint.shape.map((_, k) => marginal(joint, [...joint.shape.keys()].slice(0, k + 1)));
  return heads.map(({ shape, probabilities }, k) => ({
    shape,
    probabilities: Float64Array.from(probabilities, (probability, i) => {
      const given = k === 0 ? 1 : heads[k - 1].probabilities[Math.floor(i / shape[k])];
      return given > 0 ? probability / given : 0;
    }),
  }));
}

/**
 * Whether each variable depends on the past only through the variable before it:
 * `P(X_k | X_0..X_{k-1}) = P(X_k | X_{k-1})`, within a tolerance, for every possible past.
 *
 * @param joint The table.
 * @param tolerance The largest difference of two probabilities that count as equal.
 */
export function isMarkov(joint: Joint, tolerance = 1e-12): boolean {
  return chainRule(joint).every((factor, k) => {
    if (k < 2) return true;
    const [, step] = chainRule(marginal(joint, [k - 1, k]));
    const past = marginal(joint, [...joint.shape.keys()].slice(0, k));
    const period = joint.shape[k - 1] * joint.shape[k];
    return Array.from(factor.probabilities).every(
      (probability, i) =>
        past.probabilities[Math.floor(i / joint.shape[k])] === 0 ||
        Math.abs(probability - step.probabilities[i % period]) <= tolerance,
    );
  });
}

// The variables' values at each entry of the table.
function placesOf({ shape, probabilities }: Joint): number[][] {
  const size = shape.reduce((product, count) => product * count, 1);
  if (probabilities.length !== size) {
    throw new ArgumentError(
      `probabilities must fill the shape [${shape}], ${size}, got ${probabilities.length}`,
    );
  }
  return Array.from(probabilities, (_, i) => {
    let rest = i;
    const place: number[] = [];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return place;
  });
}
