import { type FloatArray, normalNoise, torchCpuGenerator, torchCudaGenerator } from "@gen/math";
import {
  ArgumentError,
  checkArguments,
  checkOptions,
  refused,
  rules,
  shown,
} from "@gen/math/arguments";
import { batchSizes, requireFinite } from "../denoiser/shapes.ts";
import type { SampleOptions } from "./sample-options.ts";

/** The initial x and the noise of each row that adds noise, from the caller or from the seed. */
export function noiseSource(options: SampleOptions) {
  const { steps, shape, seed = 0, firstIndex = 0, x, noise, initialScale = 1 } = options;
  const { batch, size } = batchSizes(shape);
  const indices = Float64Array.from({ length: batch }, (_, i) => firstIndex + i);
  const checked = <V extends ArrayLike<number>>(values: V, what: string): V => {
    if (values?.length === batch * size) return requireFinite(what, values);
    throw new ArgumentError(
      `${what} must hold ${batch * size} numbers for shape [${shape.join(", ")}], got ${values?.length}`,
    );
  };
  const start = x
    ? Float64Array.from(checked(x, "x"))
    : normalNoise({ seed, purpose: "initial", indices, size });
  return {
    initial: initialScale === 1 ? start : start.map((value) => value * initialScale),
    noise(row: number): FloatArray | undefined {
      if (!steps[row]?.next.noise) return undefined;
      if (noise) return checked(noise(row, batch * size), `noise of step ${row}`);
      return normalNoise({ seed, purpose: "sample", indices, step: row, size });
    },
  };
}

/** A sample of a run: its noise depends on these two alone. */
export interface SampleKey {
  /** The run's seed, an integer in [0, 2^53). */
  readonly seed: number;
  /** The sample's number in the run, 0-based. */
  readonly index: number;
}

/**
 * The noise of samples of several runs, so that they share a batch: row i is that of sample
 * `keys[i].index` of the run of `keys[i].seed`, number for number.
 *
 * `generate(pipeline, { count, noise: (shape, { firstIndex }) => keyedNoise(keys.slice(firstIndex, firstIndex + shape[0]), shape) })`
 *
 * @param keys The samples of the batch.
 * @param shape The batch's shape, `[batch, ...]`.
 * @throws RangeError when the keys are not as many as the batch, or one is out of its range.
 */
export function keyedNoise(keys: readonly SampleKey[], shape: readonly number[]): SeededNoise {
  const { batch, size } = batchSizes(shape);
  const key = rules.having("{ seed, index }", { seed: rules.SEED, index: rules.INDEX });
  checkArguments({ keys }, { keys: rules.listOf(key) });
  if (keys.length !== batch) {
    throw new ArgumentError(`keys must be ${batch}, as the batch, got ${keys.length}`);
  }
  const draw = (use: { purpose: "initial" } | { purpose: "sample"; step: number }) => {
    const out = new Float32Array(batch * size);
    for (let first = 0, end = 0; first < batch; first = end) {
      const { seed } = keys[first];
      while (end < batch && keys[end].seed === seed) end++;
      const indices = keys.slice(first, end).map(({ index }) => index);
      out.set(normalNoise({ seed, indices, size, ...use }), first * size);
    }
    return out;
  };
  return {
    x: draw({ purpose: "initial" }),
    noise: (step) => draw({ purpose: "sample", step }),
  };
}

/** The part of a whole run that one batch is. */
export interface TorchNoiseOptions extends Pick<SampleOptions, "firstIndex"> {
  /** Samples of the whole run. @defaultValue firstIndex plus the batch */
  readonly count?: number;
  /** Where PyTorch draws: on the CPU, or on an NVIDIA GPU. @defaultValue "cpu" */
  readonly device?: "cpu" | "cuda";
  /**
   * For `cuda`: the GPU's multiprocessors times the threads of each, as `torchCudaGenerator` takes
   * them. Only a draw of more numbers than that depends on the GPU. @defaultValue no limit
   */
  readonly threads?: number;
  /**
   * How many normals each draw before the initial noise has, such as those of a VAE's sample.
   * @defaultValue none
   */
  readonly before?: readonly number[];
  /** The draw that each row's noise is. @defaultValue the row's number */
  readonly draws?: readonly number[];
}

/** The noise of a run, as `sample` takes it. */
export interface SeededNoise {
  /** The initial noise `[batch, ...]`. */
  readonly x: Float32Array;
  /**
   * The noise `[batch, ...]` of the step in this row of the table.
   *
   * @param step The row of the table, 0-based.
   */
  noise(step: number): Float32Array;
}

/**
 * The noise that `torch.manual_seed(seed)` gives a run of diffusers' schedulers: the initial noise,
 * `torch.randn(count, ...)`, then the same draw for each step, even if the step does not use it.
 *
 * `shape` is `[batch, ...]`: `sample({ ...torchNoise(5, shape), shape, ... })`. A part of a larger
 * run draws the whole run's numbers and takes its own, so that memory does not grow with the steps.
 *
 * @param seed The integer that PyTorch is seeded with.
 * @param shape The batch's shape, `[batch, ...]`.
 * @param options The device, and which part of a whole run the batch is. Default: the whole run, on
 * the CPU.
 * @throws RangeError when shape is not a list of positive integers, the part is not inside the run,
 * or PyTorch does not take the seed.
 */
export function torchNoise(
  seed: number,
  shape: readonly number[],
  options: TorchNoiseOptions = {},
): SeededNoise {
  checkArguments({ seed }, { seed: rules.INTEGER });
  checkOptions(options, {
    firstIndex: rules.optional(rules.ANY_NUMBER),
    count: rules.optional(rules.ANY_NUMBER),
    device: rules.optional(rules.oneOf("cpu", "cuda")),
    threads: rules.optional(rules.integerIn(256, 2 ** 31)),
    before: rules.optional(rules.listOf(rules.INDEX)),
    draws: rules.optional(rules.listOf(rules.INDEX)),
  });
  const { batch, size } = batchSizes(shape);
  const {
    firstIndex = 0,
    count = firstIndex + batch,
    device = "cpu",
    threads,
    before = [],
    draws,
  } = options;
  const last = count - batch;
  if (!(Number.isInteger(count) && last >= 0)) {
    throw new ArgumentError(`count must be an integer, ${batch} or more, got ${shown(count)}`);
  }
  if (!(Number.isInteger(firstIndex) && firstIndex >= 0 && firstIndex <= last)) {
    const allowed = `an integer in 0..${last} for ${batch} of ${count} samples`;
    throw refused("firstIndex", allowed, firstIndex);
  }
  const restarted = () => {
    const made = device === "cuda" ? torchCudaGenerator(seed, threads) : torchCpuGenerator(seed);
    for (const normals of before) made.randn(normals);
    return made;
  };
  let generator = restarted();
  let drawn = 0;
  const draw = () => {
    drawn++;
    return generator.randn(count * size).subarray(firstIndex * size, (firstIndex + batch) * size);
  };
  const x = draw();
  let latest = x;
  return {
    x,
    noise(row) {
      const step = draws?.[row] ?? row;
      // A second run with the same noise starts anew.
      if (drawn > step + 2) [generator, drawn] = [restarted(), 0];
      while (drawn < step + 2) latest = draw();
      return latest;
    },
  };
}
