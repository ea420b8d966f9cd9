import { drawMoves } from "@gen/figures";
import { normal, normalNoise } from "@gen/math";
import type { LessonFigure } from "./lesson-figure.ts";

const count = 32;
const x = Array.from(normalNoise({ seed: 5, batch: count, size: 1 }));
const epsilon = normalNoise({ seed: 6, batch: count, size: 1 });
const prior = { mean: 0, sigma: 1 };

/** The posterior of one x. Whatever s is, all z together have the prior's distribution. */
const posteriorOf = (v: number, s: number) => ({ mean: Math.sqrt(1 - s * s) * v, sigma: s });
const codes = (s: number) => x.map((v, k) => normal.sample(posteriorOf(v, s), epsilon[k]));

/** The control is s, the width of each posterior. */
export const figure: LessonFigure = {
  control: { min: 0.05, max: 1, step: 0.05, start: 0.3 },
  shown(s) {
    const kls = x.map((v) => normal.kl(posteriorOf(v, s), prior));
    const gain = Math.sqrt(1 - s * s);
    const squares = codes(s).map((z, k) => (x[k] - gain * z) ** 2);
    const average = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / count;
    return { s, kl: average(kls), error: average(squares) };
  },
  draw(surface, box, palette, { at }) {
    drawMoves(surface, box, palette, { from: codes(at), to: x, names: ["z", "x"], half: 3 });
  },
};
