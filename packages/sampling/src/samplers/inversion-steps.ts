import { type TimestepOptions, timesteps } from "@gen/schedules";
import { checkPath } from "./check-path.ts";
import { type Step, type StepOptions, stepTable } from "./step.ts";
import { isSchedule, type Path } from "./trajectory.ts";

/** Which steps an inversion takes, and what the denoiser predicts. */
export interface InversionOptions extends TimestepOptions, Pick<StepOptions, "predicts"> {}

/**
 * The table of DDIM backwards: from the clean level up through the list of time steps, each row
 * telling the denoiser the step that it goes to (Song et al. 2021, section 4.3; eta 0). The path is a
 * schedule, or transitions of your own.
 *
 * `ddimSteps` with the same options leads back; the round trip is exact in the limit of small
 * steps.
 *
 * @param path A schedule, or transitions of your own, from the clean level up.
 * @param options Steps, spacing and prediction type. Default: every training step.
 * @throws RangeError when steps, spacing or offset is outside its range.
 */
export function inversionSteps(path: Path, options: InversionOptions = {}): Step[] {
  checkPath(path, options);
  const form = { predicts: options.predicts, keepEpsilon: true };
  if (!isSchedule(path)) return stepTable(path, form);
  const list = timesteps(path, options).reverse();
  const transitions = list.map((t, i) => ({
    t,
    from: path.level(i === 0 ? -1 : list[i - 1]),
    to: path.level(t),
  }));
  return stepTable(transitions, form);
}
