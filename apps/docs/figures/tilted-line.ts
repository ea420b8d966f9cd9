import { drawCurves } from "@gen/figures";
import { cleanLevel, mixtureOracle, numberArithmetic } from "@gen/math";
import type { LessonFigure } from "./lesson-figure.ts";

// Class A is the bump at the right, class B the one at the left. They overlap.
const mixture = { weights: [0.5, 0.5], means: [[0.7], [-0.7]], sigmas: [[0.6], [0.6]] };
const low = -3;
const high = 3;
const places = Array.from({ length: 301 }, (_, i) => low + ((high - low) * i) / 300);
const width = (high - low) / 300;
const answers = places.map((x) => mixtureOracle(numberArithmetic, mixture, cleanLevel, [x]));

/** The density of p(x) p(A | x)^scale, of sum 1. */
function tilted(scale: number): number[] {
  const raw = answers.map(({ logDensity, classLogProbs }) =>
    Math.exp(logDensity + scale * classLogProbs[0]),
  );
  const total = raw.reduce((sum, v) => sum + v, 0) * width;
  return raw.map((v) => v / total);
}

/** The control is the scale. */
export const figure: LessonFigure = {
  control: { min: 0, max: 8, step: 0.5, start: 2 },
  shown(scale) {
    const density = tilted(scale);
    const average = (f: (i: number) => number) =>
      density.reduce((sum, v, i) => sum + v * width * f(i), 0);
    return {
      scale,
      mean: average((i) => places[i]),
      share: average((i) => Math.exp(answers[i].classLogProbs[0])),
    };
  },
  draw(surface, box, palette, { at }) {
    drawCurves(surface, box, palette, {
      low,
      high,
      most: 1.05,
      curves: [
        {
          color: "soft",
          values: answers.map(({ logDensity }) => Math.exp(logDensity)),
          name: "p(x)",
        },
        {
          color: "eta",
          values: answers.map(({ classLogProbs }) => Math.exp(classLogProbs[0])),
        },
        { color: "x0", values: tilted(at), name: "p(x) p(A|x)ˢ", filled: true },
      ],
    });
  },
};
