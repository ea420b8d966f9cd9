import { standardize, twoMoons } from "@gen/data";
import { qSample } from "@gen/ddpm";
import { drawStage } from "@gen/figures";
import { normalNoise } from "@gen/math";
import { linearSchedule } from "@gen/schedules";
import type { LessonFigure } from "./lesson-figure.ts";

const count = 700;
const schedule = linearSchedule();
// At the stage's scale.
const x0 = standardize(twoMoons({ n: count, seed: 1 })).dataset.data.map((v) => 0.55 * v);
const epsilon = normalNoise({ seed: 1, batch: count, size: 2 }).map((v) => 0.55 * v);

/** The control is t. */
export const figure: LessonFigure = {
  control: { min: 0, max: 999, step: 1, start: 150 },
  shown(t) {
    const { signal, noise } = schedule.level(t);
    return { t, signal, noise, logSnr: Math.log(schedule.snr[t]) };
  },
  draw(surface, box, palette, { at }) {
    const x = Float32Array.from(qSample(schedule, x0, at, epsilon));
    drawStage(surface, box, palette, { frames: [x], steps: 1, at: 0, tails: false });
  },
};
