/*
 * The room's run: exact models of labeled points, guided by @gen/sampling. A first step leads from
 * almost pure noise to the left end of the axis; the others are even in log SNR.
 */
import { exactDenoiser, type LabeledMixture, levelOf, logSnrAt, pullsAt } from "@gen/figures";
import type { FloatArray } from "@gen/math";
import { classifierGuided, type DenoiserFunction, sampleSteps, stepTable } from "@gen/sampling";
import type { Settings } from "./settings.ts";

/** The log SNR that sampling starts from. */
const FIRST = -10;

/** The noise levels of `steps + 1` moves, by their time steps `steps + 1` to 0. */
const levels = (steps: number) => (t: number) =>
  levelOf(t > steps ? FIRST : logSnrAt(1 - t / steps));

/** The exact model of anchors `[k, 2]`: the noise that it sees in points `[n, 2]`. */
function exactModel(
  anchors: readonly number[],
  sigma: number,
  level: ReturnType<typeof levels>,
): DenoiserFunction {
  const denoise = exactDenoiser(anchors, sigma);
  return (x, t) => {
    const at = level(t);
    const x0 = new Float64Array(x.length);
    denoise(x, at, x0);
    return x0.map((v, i) => (x[i] - at.signal * v) / at.noise);
  };
}

/** The guided model of points `[n, 2]`. Without classes, the model itself. */
export async function guidedModel(
  { classes, sigma }: LabeledMixture,
  { classes: wanted, kind, scale, steps }: Omit<Settings, "data" | "seed">,
  n: number,
): Promise<DenoiserFunction> {
  const level = levels(steps);
  const shape = [n, 2];
  const model = exactModel(
    classes.flatMap((each) => Array.from(each)),
    sigma,
    level,
  );
  if (wanted.length === 0) return model;
  if (kind === "classifier") {
    const gradient = (x: FloatArray, t: number) => {
      const { classifier } = pullsAt({ classes, sigma }, x, level(t));
      return classifier[0].map((_, i) => wanted.reduce((sum, c) => sum + classifier[c][i], 0));
    };
    return classifierGuided(model, gradient, {
      schedule: { length: steps + 2, level },
      scale,
      shape,
    });
  }
  const conditional = wanted.map((c) => exactModel(Array.from(classes[c]), sigma, level));
  const { classifierFree, compose } = await import("./free-guidance.ts");
  if (conditional.length === 1) {
    return classifierFree(conditional[0], { scale, unconditional: model, shape });
  }
  return compose(model, {
    conditions: conditional.map((condition) => ({ condition, scale })),
    shape,
  });
}

/** The points `[count, 2]` at each level, `steps + 1` frames. `eta` 0 is DDIM, 1 is DDPM. */
export async function guidePoints(
  mixture: LabeledMixture,
  settings: Omit<Settings, "data">,
  { count, eta }: { readonly count: number; readonly eta: number },
): Promise<Float32Array[]> {
  const { steps, seed } = settings;
  const level = levels(steps);
  const path = Array.from({ length: steps + 1 }, (_, i) => {
    const t = steps + 1 - i;
    return { t, from: level(t), to: level(t - 1) };
  });
  const denoiser = await guidedModel(mixture, settings, count);
  const frames: Float32Array[] = [];
  const run = { denoiser, steps: stepTable(path, { eta }), shape: [count, 2], seed };
  for await (const { x } of sampleSteps(run)) frames.push(Float32Array.from(x));
  return frames;
}
