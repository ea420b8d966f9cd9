import type { PredictionType } from "@gen/math";
import {
  ddimSteps,
  ddpmSteps,
  dpmSolverSteps,
  heunSteps,
  type Step,
  unipcSteps,
} from "@gen/sampling";
import { schedule } from "../points/schedule.ts";
import type { SolverId } from "./solvers.ts";

/** The table of each solver with so many evaluations of the denoiser; Heun takes an odd number. */
export const solverRows: Readonly<
  Record<SolverId, (evaluations: number, predicts: PredictionType) => readonly Step[]>
> = {
  ddpm: (steps, predicts) => ddpmSteps(schedule, { steps, spacing: "trailing", predicts }),
  sde: (steps, predicts) => dpmSolverSteps(schedule, { steps, sde: true, predicts }),
  ddim: (steps, predicts) => ddimSteps(schedule, { steps, spacing: "trailing", predicts }),
  heun: (evaluations, predicts) =>
    heunSteps(schedule, { steps: Math.floor((evaluations + 1) / 2), predicts }),
  dpm: (steps, predicts) => dpmSolverSteps(schedule, { steps, predicts }),
  unipc: (steps, predicts) => unipcSteps(schedule, { steps, predicts }),
};
