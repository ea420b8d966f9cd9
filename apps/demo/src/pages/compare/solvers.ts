import type { LineStyle } from "@gen/figures";

/*
 * The solvers of this room, as the page shows them. Their tables of steps are in solver-rows.ts, which
 * only the work loads.
 */

export type SolverId = "ddpm" | "sde" | "ddim" | "heun" | "dpm" | "unipc";

/** A solver of the library, and how its line looks. Red adds fresh noise. */
export interface Solver extends LineStyle {
  readonly id: SolverId;
  readonly name: string;
}

export const solvers: readonly Solver[] = [
  { id: "ddpm", name: "DDPM", color: "z", mark: "cross", dashed: true },
  { id: "sde", name: "SDE-DPM-Solver++", color: "z", mark: "diamond", dashed: true },
  { id: "ddim", name: "DDIM", color: "x0", mark: "square", dashed: false },
  { id: "heun", name: "Heun", color: "ink", mark: "triangle", dashed: false },
  { id: "dpm", name: "DPM-Solver++", color: "ink", mark: "diamond", dashed: false },
  { id: "unipc", name: "UniPC", color: "ink", mark: "plus", dashed: false },
];

/** A point of the frontier that is measured. */
export interface Job {
  readonly solver: SolverId;
  /** Evaluations of the denoiser. */
  readonly steps: number;
}

const counts = [2, 3, 5, 8, 12, 20, 32, 50, 100];

/** Heun evaluates twice in each step but the last, so that its number is odd. */
const evaluations = (id: SolverId, most: number) =>
  id === "heun" && most % 2 === 0 ? most - 1 : most;

/** All points of the frontier. The cheap ones come first, so that all lines grow together. */
export const jobs: readonly Job[] = counts.flatMap((count) =>
  solvers.flatMap(({ id }) => {
    const steps = evaluations(id, count);
    return steps < 2 ? [] : [{ solver: id, steps }];
  }),
);
