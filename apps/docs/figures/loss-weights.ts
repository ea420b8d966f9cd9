import { lossWeights } from "@gen/ddpm";
import { drawCurves } from "@gen/figures";
import { linearSchedule } from "@gen/schedules";
import type { LessonFigure } from "./lesson-figure.ts";

const schedule = linearSchedule();
const low = -5;
const high = 5;
/** The time step at each place of a log SNR axis, from noise to data. */
const times = Array.from({ length: 201 }, (_, i) => {
  const logSnr = low + ((high - low) * i) / 200;
  const t = schedule.snr.findIndex((snr) => Math.log(snr) <= logSnr);
  return t < 0 ? schedule.length - 1 : t;
});

/** The control is gamma of min-SNR. */
export const figure: LessonFigure = {
  control: { min: 1, max: 20, step: 0.5, start: 5 },
  shown(gamma) {
    const weights = lossWeights(schedule, "min_snr", { gamma });
    return { gamma, logSnr: Math.log(gamma), clean: weights[100] };
  },
  draw(surface, box, palette, { at }) {
    const minSnr = lossWeights(schedule, "min_snr", { gamma: at });
    const onClean = lossWeights(schedule, "simple", { predicts: "epsilon" });
    const bound = lossWeights(schedule, "vlb");
    const most = Math.max(...times.map((t) => bound[t]));
    drawCurves(surface, box, palette, {
      low,
      high,
      most: 1.15,
      curves: [
        { color: "soft", values: times.map((t) => onClean[t]) },
        { color: "z", values: times.map((t) => bound[t] / most), name: "ELBO" },
        { color: "eps", values: times.map((t) => minSnr[t]), name: "min-SNR", filled: true },
      ],
    });
  },
};
