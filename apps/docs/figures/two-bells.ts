import { drawCurves } from "@gen/figures";
import { normal } from "@gen/math";
import type { LessonFigure } from "./lesson-figure.ts";

const p = { mean: 0, sigma: 1 };
const bell = (mean: number) => ({ mean, sigma: 0.6 });
const low = -4;
const high = 4;
const places = Array.from({ length: 241 }, (_, i) => low + ((high - low) * i) / 240);

/** The control is the mean of q. */
export const figure: LessonFigure = {
  control: { min: -1.5, max: 1.5, step: 0.1, start: 1 },
  shown(mean) {
    const q = bell(mean);
    return { mean, forward: normal.kl(p, q), reverse: normal.kl(q, p) };
  },
  draw(surface, box, palette, { at }) {
    const q = bell(at);
    const density = (of: typeof p) => places.map((x) => Math.exp(normal.logProb(of, x)));
    const ratio = places.map(
      (x) => Math.exp(normal.logProb(p, x)) * (normal.logProb(p, x) - normal.logProb(q, x)),
    );
    drawCurves(surface, box, palette, {
      low,
      high,
      most: 1.8,
      curves: [
        { color: "eta", values: ratio, filled: true },
        { color: "x0", values: density(p), name: "p" },
        { color: "eps", values: density(q), name: "q" },
      ],
    });
  },
};
