import type { Clip, Step } from "../src/index.ts";

/** A table's rows in float64 without fresh noise, as `Step` describes them. */
export function replayed(
  steps: readonly Step[],
  clip: Clip,
  start: readonly number[],
  network: (x: number[], t: number) => number[],
): number[] {
  let x = [...start];
  let past: number[][] = [];
  for (const { t, denoised, next, keeps = { x0: 1, x: 0, prediction: 0 } } of steps) {
    const out = network(x, t);
    const bound = typeof clip === "number" ? clip : Infinity;
    const x0 = x.map((v, i) =>
      Math.min(Math.max(denoised.x * v + denoised.prediction * out[i], -bound), bound),
    );
    const kept = [keeps]
      .flat()
      .map((one) => x0.map((v, i) => one.x0 * v + one.x * x[i] + one.prediction * out[i]));
    x = x.map((v, i) => {
      const history = (next.history ?? []).reduce((sum, c, k) => sum + c * past[k][i], 0);
      return next.x0 * x0[i] + next.x * v + next.prediction * out[i] + history;
    });
    past = [...kept, ...past];
  }
  return x;
}
