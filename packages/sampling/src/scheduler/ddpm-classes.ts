import { cleanLevel } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { roundHalfEven } from "@gen/schedules";
import { type DdpmVariance, ddpmSteps } from "../samplers/ddpm-steps.ts";
import { levelTransitions, type Step, type Transition } from "../samplers/step.ts";
import { alphaPath, estimableMoves, refuseOptions } from "./alpha-path.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { firstStep, stepsOf } from "./class-times.ts";

/** DDPMScheduler and DDPMParallelScheduler. */
export function ddpmTable(run: ClassRun): ClassTable {
  refuseOptions(run, ["timesteps"]);
  const { config, schedule, compat } = run;
  const { moves, notes } = alphaPath(run, { end: cleanLevel, usualSteps: schedule.length });
  const variance = (config.varianceType ?? "fixed_small") as DdpmVariance;
  const form = { predicts: config.predictionType, variance, compat: run.options.compat };
  const steps = ddpmSteps(estimableMoves(run, moves), form);
  if (compat) return { steps: variance === "fixed_large_log" ? logNoise(steps, moves) : steps };
  const said = [...notes];
  if (variance === "fixed_large_log" && steps.some(({ next }) => next.noise !== 0)) {
    said.push("fixed_large_log is the deviation of fixed_large, where diffusers gives no number");
  }
  if (moves[moves.length - 1].t > 0) {
    said.push("the last step adds no noise, where diffusers adds it above t = 0");
  }
  return { steps, notes: said };
}

/**
 * Rows with the noise of the class's fixed_large_log, which is the root of beta's logarithm: 0 where
 * beta is 1, and no number where it is less.
 */
function logNoise(steps: readonly Step[], moves: readonly Transition[]): Step[] {
  const wrong = moves.find(({ t, from, to }) => t > 0 && from.signal !== 0 && to.signal !== 0);
  if (!wrong) return steps.map((step) => ({ ...step, next: { ...step.next, noise: 0 } }));
  throw new ArgumentError(
    "variance_type must be fixed_large where compat is diffusers, whose fixed_large_log gives no " +
      `number at t = ${wrong.t}, got fixed_large_log`,
  );
}

/** UnCLIPScheduler, each step of which goes to the next listed time, as UnCLIPPipeline tells it. */
export function unclipTable(run: ClassRun): ClassTable {
  refuseOptions(run, []);
  const { config, schedule, compat } = run;
  const n = stepsOf(run, Number.MAX_SAFE_INTEGER, Math.min(25, schedule.length));
  if (compat && n === 1)
    throw new ArgumentError("steps must be 2 or more for UnCLIPScheduler, got 1");
  const last = schedule.length - 1;
  const stride = n === 1 ? last : last / (n - 1);
  const times = Array.from({ length: n }, (_, i) =>
    roundHalfEven((n === 1 ? 1 : n - 1 - i) * stride),
  );
  const moves = levelTransitions(schedule, times, cleanLevel).slice(firstStep(run, n));
  const variance = config.varianceType as DdpmVariance;
  // Time steps that come again are the class's.
  const faults = n > schedule.length ? "diffusers" : run.options.compat;
  return { steps: ddpmSteps(moves, { predicts: config.predictionType, variance, compat: faults }) };
}
