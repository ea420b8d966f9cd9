import { ddimSteps } from "@gen/ddim";
import { type TrainingState, withWeights } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { denoiser, levelTransitions, sampler, stepTable } from "@gen/sampling";
import { boundOf } from "./bound.ts";
import { fieldGrid, fieldTime } from "./field.ts";
import { levelLosses } from "./loss-levels.ts";
import { pointDenoiser } from "./point-denoiser.ts";
import { schedule } from "./schedule.ts";
import type { Preview } from "./worker-api.ts";

const count = 250;
const rows = ddimSteps(schedule, { steps: 10, spacing: "trailing" });
// One step from the field's level to clean data ends at the clean estimate.
const fieldRows = stepTable(levelTransitions(schedule, [fieldTime]));

/** The denoiser of a training's state: with the averaged weights, if there are any. */
export const trainedDenoiser = ({ weights, ema }: TrainingState) =>
  withWeights(denoiser(pointDenoiser()), ema ?? weights);

/** Draws samples and the field, and measures the loss by noise level, of a model that is still learning. */
export async function previewModel(
  backend: Backend,
  state: TrainingState,
  points: Float32Array,
): Promise<Preview> {
  const clip = boundOf(points);
  const own = sampler({ backend, denoiser: trainedDenoiser(state) });
  try {
    const samples = await own.sample({ steps: rows, shape: [count, 2], seed: 0, clip });
    const shape = [fieldGrid.length / 2, 2];
    const field = await own.sample({ steps: fieldRows, shape, x: fieldGrid, seed: 0, clip });
    const losses = await levelLosses(own, points, clip);
    return {
      step: state.step,
      losses,
      samples: Float32Array.from(samples.x),
      field: Float32Array.from(field.x),
    };
  } finally {
    await own.dispose();
  }
}
