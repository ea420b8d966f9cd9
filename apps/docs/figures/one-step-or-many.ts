import { drawMoves } from "@gen/figures";
import { normalNoise } from "@gen/math";
import type { LessonFigure } from "./lesson-figure.ts";
import { ddimPath, levels } from "./two-bumps.ts";

const noise = normalNoise({ seed: 2, batch: 44, size: 1 });
const samples = (steps: number) =>
  Array.from(noise, (z) => ddimPath(z, levels(steps)).at(-1) as number);

/** The control is the number of steps. */
export const figure: LessonFigure = {
  control: { min: 1, max: 30, step: 1, start: 8 },
  shown(steps) {
    const x = samples(steps);
    const misses = x.map((v) => Math.abs(Math.abs(v) - 1));
    return {
      steps,
      between: x.filter((v) => Math.abs(v) < 0.5).length,
      miss: misses.reduce((sum, v) => sum + v, 0) / x.length,
    };
  },
  draw(surface, box, palette, { at }) {
    const to = samples(at);
    drawMoves(surface, box, palette, { from: noise, to, names: ["z", "x"], half: 2.8 });
  },
};
