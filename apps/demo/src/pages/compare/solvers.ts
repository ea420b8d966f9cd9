import type { LineStyle } from "@gen/figures";
import type { PredictionType } from "@gen/math";
import {
  ddimSteps,
  ddpmSteps,
  dpmSolverSteps,
  heunSteps,
  type Step,
  unipcSteps,
} from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";

/** The noise schedule of this room, the same as that of the learning page. */
export const schedule = linearSchedule();

export type SolverId = "ddpm" | "sde" | "ddim" | "heun" | "dpm" | "unipc";

/** A solver of the library, and how its line looks. Red adds fresh noise. */
export interface Solver extends LineStyle {
  readonly id: SolverId;
  readonly name: string;
  /** A table with at most so many evaluations of the denoiser. */
  rows(evaluations: number, predicts: PredictionType): readonly Step[];
}

export const solvers: readonly Solver[] = [
  {
    id: "ddpm",
    name: "DDPM",
    color: "z",
    mark: "cross",
    dashed: true,
    rows: (steps, predicts) => ddpmSteps(schedule, { steps, spacing: "trailing", predicts }),
  },
  {
    id: "sde",
    name: "SDE-DPM-Solver++",
    color: "z",
    mark: "diamond",
    dashed: true,
    rows: (steps, predicts) => dpmSolverSteps(schedule, { steps, sde: true, predicts }),
  },
  {
    id: "ddim",
    name: "DDIM",
    color: "x0",
    mark: "square",
    dashed: false,
    rows: (steps, predicts) => ddimSteps(schedule, { steps, spacing: "trailing", predicts }),
  },
  {
    id: "heun",
    name: "Heun",
    color: "ink",
    mark: "triangle",
    dashed: false,
    // Two evaluations for each step but the last.
    rows: (evaluations, predicts) =>
      heunSteps(schedule, { steps: Math.floor((evaluations + 1) / 2), predicts }),
  },
  {
    id: "dpm",
    name: "DPM-Solver++",
    color: "ink",
    mark: "diamond",
    dashed: false,
    rows: (steps, predicts) => dpmSolverSteps(schedule, { steps, predicts }),
  },
  {
    id: "unipc",
    name: "UniPC",
    color: "ink",
    mark: "plus",
    dashed: false,
    rows: (steps, predicts) => unipcSteps(schedule, { steps, predicts }),
  },
];

/** A point of the frontier that is measured. */
export interface Job {
  readonly solver: SolverId;
  readonly steps: number;
}

const counts = [2, 3, 5, 8, 12, 20, 32, 50, 100];

/** All points of the frontier. The cheap ones come first, so that all lines grow together. */
export const jobs: readonly Job[] = counts.flatMap((count) =>
  solvers.flatMap(({ id, rows }) => {
    const steps = rows(count, "x0").length;
    return steps < 2 ? [] : [{ solver: id, steps }];
  }),
);
