import { drawCurves } from "@gen/figures";
import type { LessonFigure } from "./lesson-figure.ts";
import { ddimPath, evenPlaces, levels } from "./two-bumps.ts";

const start = 0.35;
const exact = ddimPath(start, levels(1000));
const pathOf = (steps: number) => ddimPath(start, levels(steps));
const endOf = (path: readonly number[]) => path[path.length - 1];

/** The control is the number of steps. */
export const figure: LessonFigure = {
  control: { min: 1, max: 40, step: 1, start: 4 },
  shown(steps) {
    const miss = Math.abs(endOf(pathOf(steps)) - endOf(exact));
    const twice = Math.abs(endOf(pathOf(2 * steps)) - endOf(exact));
    return { steps, twice: 2 * steps, miss, missOfTwice: twice };
  },
  draw(surface, box, palette, { at }) {
    drawCurves(surface, box, palette, {
      low: -5,
      high: 8,
      most: 1.3,
      curves: [
        { color: "soft", values: evenPlaces(exact, 261) },
        { color: "x0", values: evenPlaces(pathOf(at), 261), name: "DDIM" },
      ],
    });
  },
};
