import { drawMoves } from "@gen/figures";
import { normal, normalNoise } from "@gen/math";
import type { LessonFigure } from "./lesson-figure.ts";

const noise = normalNoise({ seed: 3, batch: 40, size: 1 });
const mean = 1;
const samples = (sigma: number) => Array.from(noise, (z) => normal.sample({ mean, sigma }, z));

/** The control is sigma. */
export const figure: LessonFigure = {
  control: { min: 0.1, max: 2, step: 0.1, start: 0.5 },
  shown(sigma) {
    const all = samples(sigma);
    return {
      sigma,
      first: all[0],
      noise: noise[0],
      mean: all.reduce((sum, x) => sum + x, 0) / all.length,
    };
  },
  draw(surface, box, palette, { at }) {
    drawMoves(surface, box, palette, {
      from: noise,
      to: samples(at),
      names: ["z", `x = ${mean} + ${at.toFixed(1)} z`],
      half: 4,
    });
  },
};
