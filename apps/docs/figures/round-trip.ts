import { drawCurves } from "@gen/figures";
import type { LessonFigure } from "./lesson-figure.ts";
import { ddimPath, evenPlaces, levels } from "./two-bumps.ts";

const data = 1.2;

function roundTrip(steps: number): { there: number[]; back: number[] } {
  const through = levels(steps);
  const there = ddimPath(data, [...through].reverse()).reverse();
  return { there, back: ddimPath(there[0], through) };
}

/** The control is the number of steps. */
export const figure: LessonFigure = {
  control: { min: 2, max: 60, step: 1, start: 10 },
  shown(steps) {
    const { there, back } = roundTrip(steps);
    const end = back[back.length - 1];
    return { steps, code: there[0], back: end, miss: Math.abs(end - data) };
  },
  draw(surface, box, palette, { at }) {
    const { there, back } = roundTrip(at);
    drawCurves(surface, box, palette, {
      low: -5,
      high: 8,
      most: 1.7,
      curves: [
        { color: "ink", values: evenPlaces(there, 261) },
        { color: "x0", values: evenPlaces(back, 261), name: "x" },
      ],
    });
  },
};
