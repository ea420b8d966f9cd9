import { drawCurves } from "@gen/figures";
import { linearGaussianPosterior, normal } from "@gen/math";
import type { LessonFigure } from "./lesson-figure.ts";

const from = { signal: 0.6, noise: 0.8 };
const to = { signal: 0.8, noise: 0.6 };
// One forward step from `to` to `from`: x_t = slope x_{t-1} + sigma epsilon.
const slope = from.signal / to.signal;
const sigma = Math.sqrt(from.noise ** 2 - (slope * to.noise) ** 2);
const observed = 0.5;
const low = -3;
const high = 3;
const places = Array.from({ length: 241 }, (_, i) => low + ((high - low) * i) / 240);

const priorOf = (x0: number) => ({ mean: to.signal * x0, sigma: to.noise });

/** The control is x0. */
export const figure: LessonFigure = {
  control: { min: -2, max: 2, step: 0.1, start: -1 },
  shown(x0) {
    const { mean, sigma: width } = linearGaussianPosterior(priorOf(x0), { slope, sigma }, observed);
    return { x0, x: observed, mean, width };
  },
  draw(surface, box, palette, { at }) {
    const prior = priorOf(at);
    const posterior = linearGaussianPosterior(prior, { slope, sigma }, observed);
    const density = (of: normal.Normal) => places.map((x) => Math.exp(normal.logProb(of, x)));
    drawCurves(surface, box, palette, {
      low,
      high,
      most: 0.85,
      curves: [
        {
          color: "z",
          values: density({ mean: observed / slope, sigma: sigma / slope }),
          name: "q(xₜ | x)",
        },
        { color: "x0", values: density(prior), name: "q(x | x₀)" },
        { color: "ink", values: density(posterior), name: "q(x | xₜ, x₀)", filled: true },
      ],
    });
  },
};
