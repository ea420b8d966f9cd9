import { tutorialCoefficients } from "@gen/ddim";
import { drawTriangle } from "@gen/figures";
import type { LessonFigure } from "./lesson-figure.ts";

const from = { signal: 0.6, noise: 0.8 };
const to = { signal: 0.8, noise: 0.6 };
const coefficients = (eta: number) => tutorialCoefficients(from, to, eta);

/** The control is eta. */
export const figure: LessonFigure = {
  control: { min: 0, max: 1, step: 0.05, start: 0.5 },
  shown(eta) {
    const { kappa, lambda, sigma } = coefficients(eta);
    return { eta, kappa, lambda, sigma };
  },
  draw(surface, box, palette, { at }) {
    drawTriangle(surface, box, palette, { from, to, ...coefficients(at) });
  },
};
