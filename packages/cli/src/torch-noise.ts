import { torchCpuGenerator } from "@gen/math";

/** The noise of a run as PyTorch draws it on the CPU. */
export interface TorchNoise {
  /** The first draw, `torch.randn(count, ...)`. */
  readonly initial: Float32Array;
  /** The noise of each step for `here` samples from `first` on. */
  from(first: number, here: number): (step: number) => Float32Array;
}

/**
 * What `torch.manual_seed(seed)` gives a run of diffusers' schedulers: the initial noise, then one
 * `torch.randn` of the whole count for each step, whether or not that step uses it.
 *
 * A part of the samples draws the whole count again and takes its own, so that memory does not grow
 * with the number of steps.
 */
export function torchNoise(seed: number, count: number, size: number): TorchNoise {
  const draws = () => {
    const generator = torchCpuGenerator(seed);
    return () => generator.randn(count * size);
  };
  return {
    initial: draws()(),
    from(first, here) {
      const draw = draws();
      let values = draw();
      let drawn = 0;
      return (step) => {
        for (; drawn <= step; drawn++) values = draw();
        return values.subarray(first * size, (first + here) * size);
      };
    },
  };
}
