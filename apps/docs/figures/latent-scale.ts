import { drawCurves } from "@gen/figures";
import { linearSchedule } from "@gen/schedules";
import type { LessonFigure } from "./lesson-figure.ts";

const schedule = linearSchedule();
/** The standard deviation of Stable Diffusion 1's latents before they are scaled. */
const deviation = 5.49;
const times = Array.from({ length: 200 }, (_, i) => 5 * i);

/** The log SNR of data of a standard deviation at a time step. */
function logSnr(t: number, spread: number): number {
  const { signal, noise } = schedule.level(t);
  return 2 * Math.log((signal * spread) / noise);
}

/** The control is the scaling factor. */
export const figure: LessonFigure = {
  control: { min: 0.05, max: 1, step: 0.01, start: 0.5 },
  shown(factor) {
    return {
      factor,
      deviation: deviation * factor,
      shift: 2 * Math.log(deviation * factor),
      end: logSnr(999, deviation * factor),
    };
  },
  draw(surface, box, palette, { at }) {
    const inside = (v: number) => Math.min(Math.max(v, -11), 10);
    drawCurves(surface, box, palette, {
      low: 0,
      high: 10,
      most: 12,
      curves: [
        { color: "soft", values: times.map((t) => inside(logSnr(t, 1))) },
        { color: "x0", values: times.map((t) => inside(logSnr(t, deviation * at))) },
      ],
    });
  },
};
