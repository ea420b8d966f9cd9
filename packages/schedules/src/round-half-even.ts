import { refused } from "@gen/math/arguments";
/**
 * The nearest integer, the even one of two equally near, as numpy and Python round.
 *
 * @param x Any number.
 * @throws RangeError when x is no number.
 */
export function roundHalfEven(x: number): number {
  if (typeof x !== "number") throw refused("x", "a number", x);
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
