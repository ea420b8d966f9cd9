import { drawMosaic } from "@gen/figures";
import { joint } from "@gen/math";
import type { LessonFigure } from "./lesson-figure.ts";

/** Three days of sun (0) or rain (1): the weather stays as it is with probability `stays`. */
function threeDays(stays: number): joint.Joint {
  const step = [stays, 1 - stays, 1 - stays, stays];
  const probabilities = Array.from({ length: 8 }, (_, i) => {
    const [a, b, c] = [i >> 2, (i >> 1) & 1, i & 1];
    return (a === 0 ? 0.7 : 0.3) * step[2 * a + b] * step[2 * b + c];
  });
  return { shape: [2, 2, 2], probabilities };
}

const sun = ({ probabilities }: joint.Joint) => probabilities[0];

/** The control is the probability that the weather stays. */
export const figure: LessonFigure = {
  control: { min: 0.05, max: 0.95, step: 0.05, start: 0.8 },
  shown(stays) {
    const days = threeDays(stays);
    return {
      stays,
      today: sun(joint.marginal(joint.condition(days, { 0: 0 }), [0])),
      known: sun(joint.condition(days, { 0: 0, 1: 0 })),
      other: sun(joint.condition(days, { 0: 1, 1: 0 })),
    };
  },
  draw(surface, box, palette, { at }) {
    const factors = joint.chainRule(threeDays(at)).map(({ probabilities }) => probabilities);
    drawMosaic(surface, box, palette, { factors, names: ["A", "B", "C"] });
  },
};
