// @ts-check
/** Where sampling starts from. @param {number} count */
export const firstNoise = (count) =>
  Float32Array.from({ length: count }, (_, i) => 1.5 * Math.sin(12.9898 * i));

/** Tells the benchmark when the sample was there, counted from the navigation's start. @param {ArrayLike<number>} x */
export const told = (x) =>
  Object.assign(globalThis, { first: { milliseconds: performance.now(), x: Array.from(x) } });
