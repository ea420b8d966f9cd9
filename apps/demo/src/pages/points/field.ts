import { schedule } from "./schedule.ts";

/*
 * The field of a denoiser: from each point of a grid to its clean estimate, at one noise level. The
 * exact field of the data is known, so the page shows how close the network's field is.
 */

const across = 17;
const reach = 2.2;

/** The grid, standardized, `[n, 2]`. */
export const fieldGrid = Float32Array.from({ length: 2 * across * across }, (_, i) => {
  const cell = i >> 1;
  const index = i % 2 === 0 ? cell % across : Math.floor(cell / across);
  return reach * ((2 * index) / (across - 1) - 1);
});

/** The time step of the field: the first with as much noise as signal. */
export const fieldTime = Array.from({ length: schedule.length }, (_, t) => t).findIndex(
  (t) => schedule.level(t).noise >= schedule.level(t).signal,
);

/** The noise level of the field. */
export const fieldLevel = schedule.level(fieldTime);
