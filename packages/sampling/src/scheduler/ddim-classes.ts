import { ArgumentError } from "@gen/math/arguments";
import { ddimSteps, roundedDdim } from "../samplers/ddim-steps.ts";
import { inversionSteps } from "../samplers/inversion-steps.ts";
import type { Transition } from "../samplers/step.ts";
import {
  alphaPath,
  estimableMoves,
  faults,
  levelOfTime,
  listedTimes,
  refuseOptions,
} from "./alpha-path.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { firstStep } from "./class-times.ts";

/** DDIMScheduler and DDIMParallelScheduler. */
export function ddimTable(run: ClassRun): ClassTable {
  const { config, options, compat } = run;
  refuseOptions(run, ["eta", "useClippedModelOutput", ...(compat ? [] : ["timesteps" as const])]);
  const { eta = 0, useClippedModelOutput = false } = options;
  const { moves, alphas, notes } = alphaPath(run, { strided: true });
  const form = { predicts: config.predictionType, eta, keepEpsilon: !useClippedModelOutput };
  const seen = estimableMoves(run, moves);
  if (compat && eta > 0) return { steps: roundedDdim(seen, alphas, form) };
  // The class takes the root of 1 - alpha' - sigma^2, which is 0 but for rounding.
  const rounds = eta === 1 && moves.some(({ from }) => from.signal === 0);
  const said = rounds
    ? [...notes, "eta 1 leaves no direction after a level without signal"]
    : notes;
  return { steps: ddimSteps(seen, form), notes: said };
}

/**
 * DDIMInverseScheduler: from the clean level up. Each step tells the network the time that it goes
 * to; the class takes the level at `t - floor(T / N)` for the one that it comes from.
 */
export function ddimInverseTable(run: ClassRun): ClassTable {
  refuseOptions(run, []);
  const { config, settings, schedule, compat } = run;
  if (compat && settings.timestep_spacing === "linspace") {
    throw new ArgumentError("timestep_spacing must be leading or trailing, got linspace");
  }
  const { times: descending, n, notes } = listedTimes(run);
  const times = [...descending].reverse();
  const stride = Math.floor(settings.num_train_timesteps / n);
  const start = schedule.level(-1);
  const listed = (i: number) => times[i - 1] ?? -1;
  const strides = times.map((t) => Math.max(t - stride, -1));
  const apart = strides.some((before, i) => before !== listed(i));
  if (apart && !compat) notes.push(faults.stride);
  const first = firstStep(run, n);
  const moves = times.slice(first).map((t, i): Transition => {
    const before = compat ? strides[first + i] : listed(first + i);
    return { t, from: before < 0 ? start : levelOfTime(run, before), to: levelOfTime(run, t) };
  });
  if (config.predictionType === "x0" && moves.some(({ from }) => from.noise === 0)) {
    throw new ArgumentError(
      "prediction_type must be epsilon or v_prediction where inversion starts without noise " +
        "(set_alpha_to_one), got sample",
    );
  }
  return { steps: inversionSteps(moves, { predicts: config.predictionType }), notes };
}
