import type { SolverId } from "./solvers.ts";
import type { Verdict } from "./verdict.ts";

/*
 * What the words of this room share in all languages.
 */

export const number = (v: number) => v.toFixed(3);

/** Whether a solver reaches the band before DDPM and DDIM. */
export const isFaster = (
  reached: Verdict["reached"],
  first: SolverId | undefined,
): first is SolverId =>
  first !== undefined &&
  (reached[first] ?? 0) < Math.min(reached.ddpm ?? Infinity, reached.ddim ?? Infinity);

/** The name of the left side: DDPM at eta 1, DDIM at eta 0. */
export const sideName = (eta: number) => (eta === 1 ? "DDPM" : eta === 0 ? "DDIM" : `η = ${eta}`);
