// The denoisers of the bench of solvers: exact ones of finite data sets, and trained networks.
import { digits, standardize, twoMoons } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { cosineDecay, unet } from "@gen/nn";
import { optimalTimesteps, sampler, schedulerSteps } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { moonsNetwork, standardizedMoons } from "./moons.mjs";

export const schedule = linearSchedule();

/** The level at a time step; between two time steps log sigma is linear. */
function levelAt(t) {
  const low = Math.floor(t);
  if (low === t) return schedule.level(t);
  const [a, b] = schedule.sigmas.slice(low, low + 2);
  const sigma = a * (b / a) ** (t - low);
  return { signal: 1 / Math.hypot(1, sigma), noise: sigma / Math.hypot(1, sigma) };
}

/** The ideal epsilon prediction for data that are the anchors `[count, dim]` and nothing else. */
function exactDenoiser(anchors, dim) {
  const count = anchors.length / dim;
  const logits = new Float64Array(count);
  const mean = new Float64Array(dim);
  return (x, t) => {
    const { signal, noise } = levelAt(t);
    const epsilon = new Float64Array(x.length);
    for (let from = 0; from < x.length; from += dim) {
      let top = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < count; k++) {
        let sum = 0;
        for (let d = 0; d < dim; d++) sum += (x[from + d] - signal * anchors[k * dim + d]) ** 2;
        logits[k] = -sum / (2 * noise ** 2);
        top = Math.max(top, logits[k]);
      }
      let total = 0;
      mean.fill(0);
      for (let k = 0; k < count; k++) {
        // exp(-40) is below the rounding of the sum.
        if (logits[k] < top - 40) continue;
        const weight = Math.exp(logits[k] - top);
        total += weight;
        for (let d = 0; d < dim; d++) mean[d] += weight * anchors[k * dim + d];
      }
      for (let d = 0; d < dim; d++) {
        epsilon[from + d] = (x[from + d] - (signal * mean[d]) / total) / noise;
      }
    }
    return epsilon;
  };
}

/** Draws by a table of steps, always from the same start. `times` are the denoiser's own steps. */
function model(options, shape, seed, fresh) {
  const { sample } = sampler(options);
  const kept = new Map();
  return {
    draw: async ({ steps, initialScale }) =>
      (await sample({ steps, initialScale, shape, seed: seed + 1 })).x,
    async times(steps) {
      const look = { ...options, schedule, steps, shape: [16, ...shape.slice(1)], seed: seed + 9 };
      if (!kept.has(steps)) kept.set(steps, await optimalTimesteps(look));
      return kept.get(steps);
    },
    fresh,
  };
}

/** The exact denoiser of 512 points of two moons. */
export function exactMoons(seed) {
  const { dataset, mean, std } = standardize(twoMoons({ n: 512, seed }));
  const { data } = twoMoons({ n: 5000, seed: 1000 + seed });
  const fresh = data.map((v, i) => (v - mean[i % 2]) / std[i % 2]);
  return model({ denoiser: exactDenoiser(dataset.data, 2) }, [500, 2], seed, fresh);
}

/** The exact denoiser of 512 images of digits in [-1, 1]. */
export async function exactDigits(quick) {
  const { data } = await digits();
  const anchors = Float64Array.from(data.subarray(0, 512 * 64), (v) => v / 8 - 1);
  return model({ denoiser: exactDenoiser(anchors, 64) }, [quick ? 100 : 400, 64], 0);
}

export async function trainedMoons(backend, quick) {
  const { dataset, fresh } = standardizedMoons(0);
  const denoiser = await trained(backend, dataset, moonsNetwork(0), quick ? 300 : 4000, 4e-3);
  return model({ backend, denoiser }, [1000, 2], 0, fresh(1000));
}

export async function trainedDigits(backend, quick) {
  const network = unet({ size: 8, inChannels: 1, channels: 24, multipliers: [1, 2], seed: 0 });
  const denoiser = await trained(backend, await digits(), network, quick ? 20 : 600, 1e-3);
  return model({ backend, denoiser }, [64, 1, 8, 8], 0);
}

async function trained(backend, dataset, network, steps, peak) {
  const learningRate = cosineDecay({ peak, steps, warmUp: Math.min(100, steps / 10) });
  const training = { backend, schedule, steps, learningRate, ema: 0.999, seed: 0, logEvery: 100 };
  const { pipeline } = await trainDdpm({ ...training, dataset, network, batchSize: 128 });
  return pipeline.denoiser;
}

/** The table of most steps in at most `calls` calls, if there is one. */
export async function largestTable(model, { make, config, fewest }, form, calls) {
  if (calls < fewest) return undefined;
  const options = (steps) =>
    form === "config" ? schedulerSteps(config, { steps }) : { steps: make({ steps }) };
  let steps = calls;
  while (options(steps).steps.length > calls) steps--;
  return form === "optimal"
    ? { steps: make({ spacing: await model.times(steps) }) }
    : options(steps);
}
