/*
 * A network that sees x with what is known of it pasted, so that x stays on the device:
 *
 *   x + (1 - mask) (signal latents + noise epsilon - x)    at the level of the time step
 */
import { abs, add, cast, type Expr, less, mul, reshape, sub, sum } from "@gen/graph";
import type { Denoiser } from "@gen/sampling";

/** How far apart one time may be, as backends round it to float32, or not. */
export const ROUNDING = 2e-7;
/** A denoiser that sees x with the known latents pasted; its conditions are those of `pasted` (paste-known.ts) too. */
export function pastedDenoiser(denoiser: Denoiser): Denoiser {
  return {
    ...denoiser,
    apply(x, t, condition = {}) {
      const known = (name: string): Expr => condition[`known.${name}`];
      const rows = x.shape[0];
      const times = known("times");
      const apart = abs(sub(reshape(cast(t, "float32"), [rows, 1]), times));
      const isNow = cast(less(apart, mul(add(abs(times), 1), ROUNDING)), "float32");
      const now = (name: string) => reshape(sum(mul(isNow, known(name)), [1]), [rows, 1, 1, 1]);
      const there = add(mul(now("signal"), known("latents")), mul(now("noise"), known("epsilon")));
      const change = mul(sub(1, known("mask")), sub(there, mul(now("share"), x)));
      const others = Object.entries(condition).filter(([name]) => !name.startsWith("known."));
      return denoiser.apply(add(x, change), t, Object.fromEntries(others));
    },
  };
}
