import { ddimSteps } from "@gen/ddim";
import { ddpmSteps } from "@gen/ddpm";
import { frechetOfMoments, mergeMoments, momentsOf } from "@gen/math/metrics";
import { sampler } from "@gen/sampling";

/** The columns of the table: eta of DDIM, and DDPM with its larger variance. */
export const columns = ["eta 0", "eta 0.2", "eta 0.5", "eta 1", "fixed-large"];

/** Samples in one run. */
const BATCH = 1000;

const stepsOf = (schedule, steps, column) =>
  column === "fixed-large"
    ? ddpmSteps(schedule, { steps, variance: "fixed_large" })
    : ddimSteps(schedule, { steps, eta: Number(column.slice("eta ".length)) });

/** Measures the cells that are not `known`, one by one, the quick ones first. */
export async function* measuredCells(options) {
  const { backend, schedule, denoiser, dataset, features, known, steps, seeds, count } = options;
  const isKnown = (cell) =>
    known.some((k) => k.steps === cell.steps && k.column === cell.column && k.seed === cell.seed);
  const cells = steps
    .flatMap((steps) =>
      columns.flatMap((column) => seeds.map((seed) => ({ steps, column, seed, count }))),
    )
    .filter((cell) => !isKnown(cell));
  // Two measures of the same samples: in the classifier's features and in the pixels themselves.
  const measure = async (images) => ({
    features: momentsOf(await features.of(images), 64),
    pixels: momentsOf(images, 64),
  });
  const real = await measure(Float32Array.from(dataset.data, (v) => v / 8 - 1));
  const { sample, dispose } = sampler({ backend, denoiser });
  const start = performance.now();
  let [done, left] = [0, cells.reduce((sum, cell) => sum + cell.steps, 0)];
  try {
    for (const cell of cells) {
      const began = performance.now();
      let moments;
      for (let firstIndex = 0; firstIndex < count; firstIndex += BATCH) {
        const { x } = await sample({
          steps: stepsOf(schedule, cell.steps, cell.column),
          shape: [BATCH, 64],
          seed: cell.seed,
          firstIndex,
        });
        const part = await measure(Float32Array.from(x, (v) => Math.min(1, Math.max(-1, v))));
        moments = moments
          ? {
              features: mergeMoments(moments.features, part.features),
              pixels: mergeMoments(moments.pixels, part.pixels),
            }
          : part;
      }
      done += cell.steps;
      left -= cell.steps;
      yield {
        ...cell,
        features: frechetOfMoments(real.features, moments.features),
        pixels: frechetOfMoments(real.pixels, moments.pixels),
        seconds: (performance.now() - began) / 1000,
        secondsLeft: ((performance.now() - start) / 1000 / done) * left,
      };
    }
  } finally {
    await dispose();
  }
}
