import { ddimSteps } from "../samplers/ddim-steps.ts";
import { dpmSolverSteps } from "../samplers/dpm-solver.ts";
import { type AlphaPath, alphaPath, estimableMoves, refuseOptions } from "./alpha-path.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";

/** The path of both classes, which clip nothing and have no eta, whatever the caller says. */
function cogVideoXPath(run: ClassRun): AlphaPath {
  refuseOptions(run, ["eta", "useClippedModelOutput"]);
  const path = alphaPath(run, { strided: true });
  return { ...path, moves: estimableMoves(unclipped(run), path.moves) };
}

/** A run whose class has fields to clip by, and does not. */
export const unclipped = (run: ClassRun): ClassRun => ({
  ...run,
  config: { ...run.config, clip: null, thresholding: null },
});

/** CogVideoXDDIMScheduler: DDIM without fresh noise. */
export function cogVideoXDdimTable(run: ClassRun): ClassTable {
  const { moves, notes } = cogVideoXPath(run);
  return { steps: ddimSteps(moves, { predicts: run.config.predictionType }), clip: false, notes };
}

/** CogVideoXDPMScheduler: DPM-Solver++ of order 2 with fresh noise, whose last step has order 1. */
export function cogVideoXDpmTable(run: ClassRun): ClassTable {
  const { moves, notes, nexts } = cogVideoXPath(run);
  const form = { predicts: run.config.predictionType, sde: true, lowerOrderFinal: false };
  const second = dpmSolverSteps(moves, { ...form, order: 2 });
  const first = dpmSolverSteps(moves, { ...form, order: 1 });
  const steps = moves.map((_, i) => (nexts[i] < 0 ? first[i] : second[i]));
  return { steps, clip: false, notes };
}
