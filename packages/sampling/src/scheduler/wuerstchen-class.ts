import type { NoiseLevel } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { numpyLinspace } from "@gen/schedules";
import { ddpmSteps } from "../samplers/ddpm-steps.ts";
import type { Transition } from "../samplers/step.ts";
import { refuseOptions } from "./alpha-path.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { firstStep, stepsOf } from "./class-times.ts";

/**
 * DDPMWuerstchenScheduler: DDPM over a cosine of continuous time, from 1 down to 0. The caller's own
 * `timesteps` end with the time that the last step goes to.
 */
export function wuerstchenTable(run: ClassRun): ClassTable {
  refuseOptions(run, ["timesteps"]);
  const times = run.options.timesteps
    ? givenParts(run.options.timesteps)
    : numpyLinspace(1, 0, stepsOf(run) + 1);
  // The class looks a time step up, and finds the first of equal ones.
  const nexts = times.slice(0, -1).map((t) => times[times.indexOf(t) + 1]);
  const moves = nexts.map(
    (to, i): Transition => ({ t: times[i], from: levelOf(run, times[i]), to: levelOf(run, to) }),
  );
  const first = firstStep(run, moves.length);
  const steps = ddpmSteps(moves.slice(first)).map((step, i) => {
    const ends = nexts[first + i] === 0;
    return ends ? { ...step, next: { ...step.next, noise: 0 } } : step;
  });
  return { steps };
}

function givenParts(times: readonly number[]): readonly number[] {
  if (times.length > 1 && times.every((t) => t >= 0 && t <= 1)) return times;
  throw new ArgumentError(`timesteps must be two or more in [0, 1], got [${times.join(", ")}]`);
}

function levelOf({ settings: { s, scaler } }: ClassRun, t: number): NoiseLevel {
  const moved = scaler > 1 ? 1 - (1 - t) ** scaler : t ** scaler;
  const cosine = (at: number) => Math.cos(((at + s) / (1 + s)) * Math.PI * 0.5) ** 2;
  const product = Math.min(Math.max(cosine(moved) / cosine(0), 0.0001), 0.9999);
  return { signal: Math.sqrt(product), noise: Math.sqrt(1 - product) };
}
