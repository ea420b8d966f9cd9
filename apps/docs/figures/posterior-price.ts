import { drawCurves } from "@gen/figures";
import { klStandardNormal, normal, numberArithmetic } from "@gen/math";
import type { LessonFigure } from "./lesson-figure.ts";

const mean = 1;
const low = -4;
const high = 4;
const places = Array.from({ length: 241 }, (_, i) => low + ((high - low) * i) / 240);

/** The control is sigma of q(z | x). */
export const figure: LessonFigure = {
  control: { min: 0.2, max: 2, step: 0.05, start: 0.5 },
  shown(sigma) {
    const logVariance = 2 * Math.log(sigma);
    return {
      sigma,
      place: klStandardNormal(numberArithmetic, mean, 0),
      width: klStandardNormal(numberArithmetic, 0, logVariance),
      kl: klStandardNormal(numberArithmetic, mean, logVariance),
    };
  },
  draw(surface, box, palette, { at }) {
    const density = (of: normal.Normal) => places.map((z) => Math.exp(normal.logProb(of, z)));
    drawCurves(surface, box, palette, {
      low,
      high,
      most: 1.2,
      curves: [
        { color: "ink", values: density({ mean: 0, sigma: 1 }), name: "q(z)" },
        { color: "x0", values: density({ mean, sigma: at }), name: "p(z | x)", filled: true },
      ],
    });
  },
};
