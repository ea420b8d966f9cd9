import type { FloatArray } from "../noise-level.ts";
import { integer } from "./integer.ts";
import { mersenneTwister } from "./mersenne-twister.ts";

/** The draws of a PyTorch generator; each call continues where the last call stopped. */
export interface TorchGenerator {
  /** `torch.rand(count)`: uniform in [0, 1), multiples of 2^-24. */
  rand(count: number): Float32Array;
  /** `torch.rand(count, dtype=torch.float64)`: uniform in [0, 1), multiples of 2^-53. */
  rand(count: number, dtype: "float64"): Float64Array;
  /** `torch.randn(count)`: standard normal, in float32. */
  randn(count: number): Float32Array;
  /** `torch.randn(count, dtype=torch.float64)`: standard normal, in float64. */
  randn(count: number, dtype: "float64"): Float64Array;
  /** `torch.randint(low, high, (count,))`, `high - low` at most 2^32. */
  randint(low: number, high: number, count: number): Float64Array;
  /** `torch.randperm(count)`. */
  randperm(count: number): Uint32Array;
}

/**
 * PyTorch's CPU numbers for a seed: `torch.Generator().manual_seed(seed)`.
 *
 * MT19937 on the seed's low 32 bits. Integers and uniforms are exact. Normals agree within the
 * rounding of float32: PyTorch draws fewer than 16 values one by one and keeps the pair's other
 * half for the next call; it draws more in sixteens, and the last sixteen again if the count is no
 * multiple of 16.
 *
 * @param seed An integer in [0, 2^53).
 * @throws RangeError when the seed is not an integer in [0, 2^53).
 */
export function torchCpuGenerator(seed: number): TorchGenerator {
  const word = mersenneTwister(integer("seed", seed, 2 ** 53));
  let spare: number | undefined;

  const fine = () => ((word() & 0x1fffff) * 2 ** 32 + word()) * 2 ** -53;
  const coarse = () => (word() & 0xffffff) * 2 ** -24;

  // The radius of 1 - u, which is finite at u = 0.
  const polar = (u: number, turn: number) => {
    const radius = Math.sqrt(-2 * Math.log1p(-u));
    return [radius * Math.cos(2 * Math.PI * turn), radius * Math.sin(2 * Math.PI * turn)];
  };

  const single = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const turn = fine();
    const [value, other] = polar(fine(), turn);
    spare = other;
    return value;
  };

  const fill = (out: FloatArray, next: () => number) => {
    for (let i = 0; i < out.length; i++) out[i] = next();
    return out;
  };

  const sixteens = (out: FloatArray, next: () => number) => {
    fill(out, next);
    const last = out.length - 16;
    for (let i = 0; i <= last; i += 16) sixteen(out, i);
    if (out.length % 16) {
      fill(out.subarray(last), next);
      sixteen(out, last);
    }
    return out;
  };

  const sixteen = (out: FloatArray, start: number) => {
    for (let i = start; i < start + 8; i++) [out[i], out[i + 8]] = polar(out[i], out[i + 8]);
  };

  const make = (count: number, dtype?: string): [FloatArray, () => number] => {
    const length = integer("count", count, 2 ** 32);
    return dtype === "float64"
      ? [new Float64Array(length), fine]
      : [new Float32Array(length), coarse];
  };

  return {
    rand: (count: number, dtype?: string) => fill(...make(count, dtype)),
    randn: (count: number, dtype?: string) => {
      const [out, next] = make(count, dtype);
      return count < 16 ? fill(out, single) : sixteens(out, next);
    },
    randint: (low: number, high: number, count: number) => {
      const range = 1 + integer("high - low - 1", high - low - 1, 2 ** 32);
      return Float64Array.from({ length: count }, () => low + (word() % range));
    },
    randperm: (count: number) => {
      const out = new Uint32Array(integer("count", count, 2 ** 32)).map((_, i) => i);
      for (let i = 0; i < count - 1; i++) {
        const j = i + (word() % (count - i));
        [out[i], out[j]] = [out[j], out[i]];
      }
      return out;
    },
  } as TorchGenerator;
}
