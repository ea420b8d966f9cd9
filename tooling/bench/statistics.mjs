// @ts-check
/** @param {readonly number[]} values @param {number} share */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** @param {readonly number[]} values */
export const median = (values) => quantile(values, 0.5);

/** A number with three digits that count. @param {number} value */
export const short = (value) => {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(digits, 4));
};

/** `median [quartile, quartile] unit`. @param {readonly number[]} values */
export const spread = (values, unit = "ms") =>
  `${short(median(values))} ${unit} [${short(quantile(values, 0.25))}, ${short(quantile(values, 0.75))}]`;
