import type { NoiseLevel } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import {
  adams,
  type PndmMove,
  pndmSteps,
  RUNGE_KUTTA,
  pndmTable as tableOf,
} from "../samplers/pndm.ts";
import { levelTransitions } from "../samplers/step.ts";
import { faults, levelOfTime, listedTimes, refuseOptions } from "./alpha-path.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { firstStep } from "./class-times.ts";

/** PNDMScheduler. */
export function pndmTable(run: ClassRun): ClassTable {
  refuseOptions(run, []);
  const { config, settings, schedule, compat } = run;
  const predicts = config.predictionType;
  const { strength = 1 } = run.options;
  const { times, n, notes } = listedTimes(run, { most: Number.MAX_SAFE_INTEGER });
  // Time steps that come again, and the class's additional step alone, are the class's.
  if (compat || n > schedule.length || (strength > 0 && Math.trunc(n * strength) === 0)) {
    return { steps: tableOf(classMoves({ ...run, compat: true }), predicts) };
  }
  const first = firstStep(run, n);
  const list = times.slice(first);
  const stride = Math.floor(settings.num_train_timesteps / n);
  const half = Math.floor(stride / 2);
  const rungeKutta = settings.skip_prk_steps || half === 0 ? 0 : Math.min(3, list.length - 1);
  const middles = list.slice(1, 1 + rungeKutta).map((t) => t + half);
  const halved = list.flatMap((t, i) => (i < rungeKutta ? [t, middles[i]] : [t]));
  if (list.some((t, i) => Math.max(t - stride, -1) !== (list[i + 1] ?? -1))) {
    notes.push(faults.stride);
  }
  if (middles.some((t, i) => t !== list[i] - half)) {
    notes.push("a half step is at the time that the network is told, where diffusers moves it");
  }
  if (first > 0) notes.push("a part of the steps has a start of its own, where diffusers skips it");
  if (!settings.skip_prk_steps && rungeKutta < 3) {
    notes.push(
      "few steps start with fewer of Runge-Kutta's, where diffusers fails or stands still",
    );
  }
  return { steps: pndmSteps(levelTransitions(schedule, halved), { predicts, rungeKutta }), notes };
}

/** The class's evaluations and steps, counted as it counts them. */
function classMoves(run: ClassRun): PndmMove[] {
  const { settings, schedule } = run;
  // The class takes more steps than it was trained with.
  const { times, n } = listedTimes(run, { most: Number.MAX_SAFE_INTEGER });
  const stride = Math.floor(settings.num_train_timesteps / n);
  const half = Math.floor(stride / 2);
  const end = schedule.level(-1);
  const levelTo = (t: number): NoiseLevel => (t < 0 ? end : levelOfTime(run, t));
  const starts = settings.skip_prk_steps ? [] : halfSteps(times, half);
  const multistep = settings.skip_prk_steps
    ? [times[0], ...times.slice(1, 2), ...times.slice(1)]
    : times.slice(3);
  const listed = [...starts, ...multistep];
  const all = listed.slice(firstStep(run, n, listed.length - n));
  let known: number[] = [];
  return all.map((t, i): PndmMove => {
    const place = i % 4;
    if (i < starts.length) {
      if (place === 0) known.push(i);
      const [from, to] = [starts[i - place], t - (i % 2 === 0 ? half : 0)];
      const ends = { from: levelOfTime(run, from), to: levelTo(to) };
      return { t, ...ends, start: i - place, weights: RUNGE_KUTTA[place] };
    }
    if (i === 1) {
      const ends = { from: levelOfTime(run, t + stride), to: levelTo(t) };
      return { t, ...ends, start: 0, weights: [1 / 2, 1 / 2] };
    }
    known = [...known.slice(-3), i];
    const ends = { from: levelOfTime(run, t), to: levelTo(t - stride) };
    return { t, ...ends, start: i, weights: adams(i, known) };
  });
}

/** The twelve times of three steps of Runge-Kutta's method. */
function halfSteps(times: readonly number[], half: number): number[] {
  if (times.length < 4) {
    throw new ArgumentError(
      `steps must be 4 or more where skip_prk_steps is false, got ${times.length}`,
    );
  }
  return times.slice(0, 3).flatMap((t, i) => {
    const next = times[i + 1];
    return [t, next + half, next + half, next];
  });
}
