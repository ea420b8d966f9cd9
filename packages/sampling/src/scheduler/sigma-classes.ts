import { heunSteps } from "../samplers/heun.ts";
import { lmsSteps } from "../samplers/lms.ts";
import { stepTable } from "../samplers/step.ts";
import { dpm2Steps, dpmSdeSteps, type TwoStageOptions } from "../samplers/two-stage.ts";
import { churned } from "./churn.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { timeOfSigma, trainingSigmas } from "./class-sigmas.ts";
import { type SigmaPath, sigmaMoves, sigmaPath } from "./sigma-path.ts";

/** EulerDiscreteScheduler: algorithm 2 of Karras et al. 2022 without its correction. */
export function eulerTable(run: ClassRun): ClassTable {
  const { moves, ...path } = sigmaPath(run);
  const predicts = run.config.predictionType;
  const plain = stepTable(moves, { predicts });
  const estimate = (sigma: number, raised: number) => {
    const norm = Math.hypot(sigma, 1);
    if (predicts === "epsilon") return { x: 1, prediction: -raised };
    return predicts === "v"
      ? { x: 1 / norm ** 2, prediction: -sigma / norm }
      : { x: 0, prediction: 1 };
  };
  const steps = plain.map((step, i) => {
    const at = path.first + i;
    return churned(run, step, { sigmas: path.sigmas, at, input: moves[i].to.signal, estimate });
  });
  return { ...path, steps };
}

/** EulerAncestralDiscreteScheduler. */
export function eulerAncestralTable(run: ClassRun): ClassTable {
  const { moves, ...path } = sigmaPath(run);
  const { eta = 1 } = run.options;
  return { ...path, steps: stepTable(moves, { predicts: run.config.predictionType, eta }) };
}

/** HeunDiscreteScheduler. */
export function heunTable(run: ClassRun): ClassTable {
  const { moves, ...path } = sigmaPath(run);
  const steps = heunSteps(moves, { predicts: run.config.predictionType });
  return { ...path, steps, sigmas: twice(path) };
}

const PART =
  "a part of the steps has a start of its own, where diffusers weighs slopes as if all were taken";

/** LMSDiscreteScheduler. */
export function lmsTable(run: ClassRun): ClassTable {
  const { moves, ...path } = sigmaPath(run);
  const { predictionType: predicts } = run.config;
  if (!run.compat) {
    const notes = path.first > 0 ? [...path.notes, PART] : path.notes;
    return { ...path, steps: lmsSteps(moves, { predicts }), notes };
  }
  // Where only the last steps are taken, the class weighs slopes as if all had been.
  const all = lmsSteps(sigmaMoves(path.times, path.sigmas), { predicts });
  const steps = all.slice(path.first).map(({ next, ...row }, i) => {
    const history = next.history?.slice(0, i) ?? [];
    return { ...row, next: { ...next, history } };
  });
  return { ...path, steps };
}

/** KDPM2DiscreteScheduler. */
export const kdpm2Table = (run: ClassRun): ClassTable => twoStageTable(run, 0);

/** KDPM2AncestralDiscreteScheduler. */
export function kdpm2AncestralTable(run: ClassRun): ClassTable {
  const table = twoStageTable(run, 1);
  let drawn = 0;
  // The class draws in the second of two rows alone.
  const draws = table.steps.map(({ next }) => (next.noise === 0 ? drawn : drawn++));
  return { ...table, draws };
}

function twoStageTable(run: ClassRun, eta: number): ClassTable {
  const { moves, ...path } = sigmaPath(run, { roundsKarras: true });
  const steps = dpm2Steps(moves, { ...stageOptions(run), eta });
  const [first, ...rest] = path.sigmas;
  // The class repeats the clean level once more.
  return { ...path, steps, sigmas: [first, ...rest.flatMap((s) => [s, s]), rest[rest.length - 1]] };
}

/** DPMSolverSDEScheduler, with one normal for each interval in place of its Brownian tree. */
export function dpmSdeTable(run: ClassRun): ClassTable {
  const { moves, ...path } = sigmaPath(run);
  const steps = dpmSdeSteps(moves, { ...stageOptions(run), sNoise: run.options.sNoise });
  return { ...path, steps, sigmas: twice(path) };
}

function stageOptions(run: ClassRun): TwoStageOptions {
  const logs = trainingSigmas(run).map(Math.log);
  return { predicts: run.config.predictionType, timeOf: (sigma) => timeOfSigma(sigma, logs) };
}

/** The sigmas of a class that lists each of them but the ends for both of its evaluations. */
const twice = ({ sigmas }: Pick<SigmaPath, "sigmas">): number[] =>
  sigmas.flatMap((sigma, i) => (i === 0 || i === sigmas.length - 1 ? [sigma] : [sigma, sigma]));
