/** Half of 255: a difference in [-1, 1] in levels. */
const LEVELS = 127.5;

/** The root mean square of the differences of two pictures, in levels of 255. */
export function levelsApart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const sum = Array.from(a).reduce((total, v, i) => total + (v - b[i]) ** 2, 0);
  return LEVELS * Math.sqrt(sum / a.length);
}
