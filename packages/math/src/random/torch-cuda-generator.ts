import { integer } from "./integer.ts";
import { philoxFill } from "./philox.ts";

/** The threads of a block, `block_size_bound` in PyTorch's DistributionTemplates.h. */
const BLOCK = 256;

/** 2 pi / 2^32 in float32, cuRAND's `CURAND_2POW32_INV_2PI`. */
const TURN = /* @__PURE__ */ Math.fround(2 ** -32 * Math.fround(6.2831855));

/**
 * PyTorch's normals of a seed on an NVIDIA GPU: `torch.Generator("cuda").manual_seed(seed)`.
 *
 * Philox4x32-10 with the seed as its key. Each thread of the grid draws four words at a time, from
 * the counter
 *
 *   [offset, 0, thread, 0]   offset: draws of the thread so far, over all calls
 *
 * and turns them into four normals, as cuRAND's `curand_normal4` does: of the words (a, b) and then
 * of (c, d), sqrt(-2 ln u) times the sine and the cosine of 2 pi v, with u = (a + 1/2) / 2^32 and
 * v = (b + 1/2) / 2^32 in float32. With T threads, element e belongs to thread e mod T and is normal
 * floor(e / T) mod 4 of the thread's draw number floor(e / 4T).
 *
 * T is the number of elements rounded up to 256, at most `threads`. Only a tensor with more elements
 * than the GPU has threads depends on the GPU. Values agree within the rounding of the GPU's
 * logarithm, sine and cosine.
 *
 * @param seed An integer in [0, 2^53).
 * @param threads The GPU's multiprocessors times the threads of each: 221,184 on an A100, 270,336 on
 * an H100, 196,608 on an RTX 4090, 40,960 on a T4. By default there is no limit.
 * @throws RangeError when the seed is not an integer in [0, 2^53), or threads is not one of at least 256.
 */
export function torchCudaGenerator(seed: number, threads = 2 ** 31) {
  integer("seed", seed, 2 ** 53);
  integer("threads - 256", threads - BLOCK, 2 ** 31);
  const [low, high] = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  const words = new Uint32Array(8);
  let offset = 0;
  return {
    /**
     * `torch.randn(count, device="cuda")`; each call continues where the last call stopped. In
     * float16 PyTorch rounds the same numbers.
     */
    randn(count: number): Float32Array {
      const out = new Float32Array(integer("count", count, 2 ** 29));
      const grid = BLOCK * Math.min(Math.ceil(count / BLOCK), Math.floor(threads / BLOCK));
      for (let first = 0; first < count; first += 4 * grid, offset++) {
        for (let thread = 0; thread < Math.min(grid, count - first); thread++) {
          philoxFill(words, offset, 0, thread, 0, low, high);
          for (let lane = 0; lane < 4; lane++) {
            const at = first + lane * grid + thread;
            if (at < count) out[at] = normal(words, lane);
          }
        }
      }
      return out;
    },
  };
}

/** Normal number `lane` of a draw. Each step is rounded as float32's fused operations round it. */
function normal(words: Uint32Array, lane: number): number {
  const pair = lane < 2 ? 0 : 2;
  const u = Math.fround(Math.fround(words[pair]) * 2 ** -32 + 2 ** -33);
  const v = Math.fround(Math.fround(words[pair + 1]) * TURN + TURN / 2);
  const radius = Math.fround(Math.sqrt(-2 * Math.log(u)));
  return radius * (lane % 2 === 0 ? Math.sin(v) : Math.cos(v));
}
