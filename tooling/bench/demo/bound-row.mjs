import { median, threeDigits } from "../measure.mjs";

export const seconds = (ms) => `${threeDigits(ms / 1000)} s`;
export const milliseconds = (v) => `${Math.round(v)} ms`;

/** A row of the median of several visits, beside its bound. */
export function boundRow({ work, values, bound, least = false, unit, note }) {
  const value = median(values);
  const sorted = [...values].sort((a, b) => a - b);
  const ours = `${unit(value)} (${sorted.map(unit).join(", ")})`;
  const target = `${least ? ">=" : "<="} ${unit(bound)}`;
  return { work, ours, target, pass: least ? value >= bound : value <= bound, note };
}
