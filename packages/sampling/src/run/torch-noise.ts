import { torchCpuGenerator } from "@gen/math";

/** The part of a run that some samples are, where it is made in several batches. */
export interface TorchNoiseOptions {
  /** The number of the batch's first sample in the whole run. @defaultValue 0 */
  readonly firstIndex?: number;
  /** Samples of the whole run. @defaultValue firstIndex plus the batch */
  readonly count?: number;
}

/** The noise of a run, as `sample` takes it. */
export interface TorchNoise {
  /** The initial noise `[batch, ...]`. */
  readonly x: Float32Array;
  /** The noise `[batch, ...]` of the step at this place of the table. */
  noise(step: number): Float32Array;
}

/**
 * What `torch.manual_seed(seed)` gives a run of diffusers' schedulers on the CPU: the initial noise,
 * `torch.randn(count, ...)`, then one more of them for each step, whether or not that step uses it.
 *
 * `shape` is `[batch, ...]`: `sample({ ...torchNoise(5, shape), shape, ... })`. A part of a larger
 * run draws the whole run's numbers and takes its own, so that memory does not grow with the steps.
 *
 * @throws RangeError when shape is no list of positive integers, the part does not lie in the run,
 * or the seed is none that PyTorch takes.
 */
export function torchNoise(
  seed: number,
  shape: readonly number[],
  options: TorchNoiseOptions = {},
): TorchNoise {
  if (!(shape.length > 0) || !shape.every((d) => Number.isInteger(d) && d > 0)) {
    throw new RangeError(
      `shape must be [batch, ...] of positive integers, got ${JSON.stringify(shape)}`,
    );
  }
  const [batch, ...rest] = shape;
  const { firstIndex = 0, count = firstIndex + batch } = options;
  const last = count - batch;
  if (!(Number.isInteger(count) && last >= 0)) {
    throw new RangeError(`count must be an integer, ${batch} or more, got ${count}`);
  }
  if (!(Number.isInteger(firstIndex) && firstIndex >= 0 && firstIndex <= last)) {
    throw new RangeError(
      `firstIndex must be an integer in 0..${last} for ${batch} of ${count} samples, got ${firstIndex}`,
    );
  }
  const size = rest.reduce((a, b) => a * b, 1);
  const run = { generator: torchCpuGenerator(seed), drawn: 0 };
  const part = (values: Float32Array) =>
    values.subarray(firstIndex * size, (firstIndex + batch) * size);
  const draw = () => {
    run.drawn++;
    return part(run.generator.randn(count * size));
  };
  const x = draw();
  let latest = x;
  return {
    x,
    noise(step) {
      // A second run with the same noise begins anew.
      if (run.drawn > step + 2) {
        run.generator = torchCpuGenerator(seed);
        run.drawn = 0;
      }
      while (run.drawn < step + 2) latest = draw();
      return latest;
    },
  };
}
