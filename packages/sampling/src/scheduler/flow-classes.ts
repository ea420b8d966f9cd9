import { ArgumentError } from "@gen/math/arguments";
import { numpyLinspace } from "@gen/schedules";
import type { Step } from "../samplers/step.ts";
import { churnOf } from "./churn.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { spreadOf, spreadSigmas } from "./class-sigmas.ts";
import { firstStep, requireFound, stepsOf } from "./class-times.ts";

interface FlowPath {
  readonly times: readonly number[];
  /** As many as `times` and the end, 0 or for inverted sigmas 1. */
  readonly sigmas: readonly number[];
  readonly first: number;
}

const shifted = (shift: number) => (sigma: number) => (shift * sigma) / (1 + (shift - 1) * sigma);

/** Times and sigmas of FlowMatchEulerDiscreteScheduler and its kin (Esser et al. 2024). */
function flowPath(run: ClassRun): FlowPath {
  const { settings, options, schedule } = run;
  const { shift = 1, use_dynamic_shifting: dynamic, shift_terminal: terminal } = settings;
  const T = schedule.length;
  const asked = options.sigmas ?? options.timesteps?.map((t) => t / T);
  const n = asked?.length ?? stepsOf(run, Number.MAX_SAFE_INTEGER);
  // The training's last sigma, which the fixed shift shifts a second time here, as the class does.
  const least = dynamic ? 1 / T : shifted(shift)(1 / T);
  const even = asked ?? numpyLinspace(T, least * T, n).map((t) => t / T);
  let sigmas = even.map(dynamic ? dynamicShift(run) : shifted(shift));
  if (terminal) {
    const scale = (1 - sigmas[n - 1]) / (1 - terminal);
    if (scale > 0) sigmas = sigmas.map((sigma) => 1 - (1 - sigma) / scale);
  }
  const spread = spreadOf(run);
  if (spread) {
    const { sigma_max: high, sigma_min: low } = settings;
    sigmas = spreadSigmas(spread, high ?? sigmas[0], low ?? sigmas[n - 1], n);
  }
  if (settings.invert_sigmas) sigmas = sigmas.map((sigma) => 1 - sigma);
  const given = settings.invert_sigmas ? undefined : options.timesteps;
  const times = given ?? sigmas.map((sigma) => sigma * T);
  if (options.strength === undefined && run.compat) requireFound(times);
  return { times, sigmas: [...sigmas, settings.invert_sigmas ? 1 : 0], first: firstStep(run, n) };
}

/** The shift that grows with the image, from `mu` or from `imageLength`. */
function dynamicShift({ config, settings, options }: ClassRun) {
  const { imageLength, mu = muOf(config.flow?.dynamic, imageLength) } = options;
  const shift = settings.time_shift_type === "linear" ? mu : Math.exp(mu);
  return (sigma: number) => shift / (shift + (1 / sigma - 1));
}

type Dynamic = NonNullable<NonNullable<ClassRun["config"]["flow"]>["dynamic"]>;

function muOf(dynamic: Dynamic | undefined, imageLength: number | undefined): number {
  if (!dynamic) throw new ArgumentError("mu must be a number where the shift is dynamic");
  if (!(imageLength !== undefined && imageLength > 0)) {
    throw new ArgumentError(
      `imageLength must be a positive number where the shift is dynamic, got ${imageLength}`,
    );
  }
  const { baseShift, maxShift, baseLength, maxLength } = dynamic;
  const slope = (maxShift - baseShift) / (maxLength - baseLength);
  return baseShift + slope * (imageLength - baseLength);
}

/** The row of a flow's move as numbers of x, x0, the velocity and noise. */
function flowRow(t: number, sigma: number, next: Partial<Step["next"]>): Step {
  return {
    t,
    predicts: "flow",
    denoised: { x: 1, prediction: -sigma },
    next: { x0: 0, x: 0, prediction: 0, noise: 0, ...next },
  };
}

const rows = (
  { times, sigmas, first }: FlowPath,
  next: (sigma: number, to: number) => Partial<Step["next"]>,
): Step[] =>
  times.map((t, i) => flowRow(t, sigmas[i], next(sigmas[i], sigmas[i + 1]))).slice(first);

const euler = (sigma: number, to: number) => ({ x: 1, prediction: to - sigma });
const restart = (_: number, to: number) => ({ x0: 1 - to, noise: to });

/** FlowMatchEulerDiscreteScheduler. */
export function flowEulerTable(run: ClassRun): ClassTable {
  const path = flowPath(run);
  return { ...path, steps: rows(path, run.settings.stochastic_sampling ? restart : euler) };
}

/** FlowMatchLCMScheduler: each step goes to the clean estimate and adds fresh noise. */
export function flowLcmTable(run: ClassRun): ClassTable {
  const path = flowPath(run);
  const factors = (run.settings.upscale_mode && run.settings.scale_factors) || [];
  const count = path.times.length - 1;
  if (run.compat && factors.length > 0 && factors.length !== count) {
    throw new ArgumentError(`scale_factors must be ${count}, one fewer than steps, got ${factors}`);
  }
  const scales = factors.some((factor) => factor !== 1);
  if (run.compat && scales) {
    throw new ArgumentError(`scale_factors must be 1, as x keeps its size, got ${factors}`);
  }
  const notes = scales ? ["scale_factors are passed over: x keeps its size"] : [];
  return { ...path, steps: rows(path, restart), notes };
}

/** FlowMapEulerDiscreteScheduler: Euler's steps, equal before the shift. */
export function flowMapTable(run: ClassRun): ClassTable {
  const { settings, options, schedule, compat } = run;
  const given = options.sigmas ?? options.timesteps?.map((t) => t / schedule.length);
  const n = given?.length ?? stepsOf(run, Number.MAX_SAFE_INTEGER);
  const even = given ?? numpyLinspace(1, 0, n + 1).slice(0, n);
  const sigmas = [...even.map(shifted(settings.shift)), 0];
  const times = sigmas.slice(0, n).map((sigma) => sigma * schedule.length);
  const steps = times.map((t, i) => {
    // The class takes the first of equal time steps.
    const at = compat ? times.indexOf(t) : i;
    return flowRow(t, sigmas[at], euler(sigmas[at], sigmas[at + 1]));
  });
  const notes =
    !compat && new Set(times).size < n
      ? ["equal time steps are taken in turn, where diffusers stays at the first of them"]
      : [];
  return { sigmas, steps: steps.slice(firstStep(run, n)), notes };
}

/**
 * FlowMatchHeunDiscreteScheduler: a second evaluation corrects each of Euler's moves but the last by
 * half the difference of the two velocities.
 */
export function flowHeunTable(run: ClassRun): ClassTable {
  const path = flowPath(run);
  const { times, sigmas } = path;
  const { sNoise = 1 } = run.options;
  const n = times.length;
  const listed = sigmas.flatMap((s, i) => (i === 0 || i === n ? [s] : [s, s]));
  const steps = times.slice(path.first).flatMap((t, k) => {
    const i = path.first + k;
    const [sigma, to] = [sigmas[i], sigmas[i + 1]];
    const raised = sigma * (churnOf(run, sigma, listed.length - 1) + 1);
    const [slope, length] = [sigma / raised, to - raised];
    const noise = sNoise * (raised ** 2 - sigma ** 2) ** 0.5;
    const first = {
      ...flowRow(t, sigma, { x: 1, prediction: length * slope, noise }),
      keeps: { x0: 0, x: 0, prediction: 1 },
    };
    if (i === n - 1) return [first];
    const history = [(-length * slope) / 2];
    return [first, flowRow(times[i + 1], to, { x: 1, prediction: length / 2, history })];
  });
  return { sigmas: listed, steps };
}

/**
 * LTXEulerAncestralRFScheduler: Euler's move to a lower sigma, then fresh noise up to the wanted
 * one, with the signal scaled to match (ComfyUI's sample_euler_ancestral_RF).
 */
export function ltxTable(run: ClassRun): ClassTable {
  const { options, schedule, compat } = run;
  const move = ltxMove(run.settings);
  // The class takes its `timesteps` for sigmas too, and the end among them.
  const sigmas = options.sigmas ?? options.timesteps;
  if (!sigmas) {
    const path = flowPath(run);
    return { ...path, steps: rows(path, move) };
  }
  const last = sigmas.length - 1;
  const first = firstStep(run, sigmas.length);
  const times = sigmas.map((sigma) => sigma * schedule.length);
  const path = { times: times.slice(0, last), sigmas, first };
  if (!compat && first < last) return { ...path, steps: rows(path, move), notes: [LAST] };
  // The class starts at the second of equal sigmas, and at the end leaves x as it is.
  const ahead = options.strength === undefined && sigmas[0] === sigmas[1] ? 1 : 0;
  const steps = times.slice(first).map((t, i) => {
    const at = Math.min(first + i + ahead, last);
    return flowRow(t, sigmas[at], at < last ? move(sigmas[at], sigmas[at + 1]) : { x: 1 });
  });
  return { ...path, steps };
}

const ltxMove =
  ({ eta, s_noise: sNoise }: ClassRun["settings"]) =>
  (sigma: number, to: number): Partial<Step["next"]> => {
    if (Math.abs(to) < 1e-8) return { x0: 1 };
    const down = to * (1 + (to / sigma - 1) * eta);
    const ratio = down / sigma;
    if (!(eta > 0 && sNoise > 0)) return { x: ratio, x0: 1 - ratio };
    const [signal, lower] = [1 - to, 1 - down];
    const fresh = Math.sqrt(
      Math.max(to ** 2 - (down ** 2 * signal ** 2) / (lower ** 2 + 1e-12), 0),
    );
    const scale = signal / (lower + 1e-12);
    return { x: scale * ratio, x0: scale * (1 - ratio), noise: fresh * sNoise };
  };

const LAST =
  "the last step goes to the last sigma; diffusers asks the network once more and leaves x as it is";

/** SCMScheduler (Lu and Song 2025): from clean estimate to clean estimate along TrigFlow. */
export function scmTable(run: ClassRun): ClassTable {
  const { options, settings } = run;
  const { timesteps, maxTimesteps = 1.5708, intermediateTimesteps: middle } = options;
  const { steps: n = 2 } = timesteps ? { steps: timesteps.length - 1 } : options;
  stepsOf({ ...run, options: { steps: n } });
  if (typeof middle === "number" && (n !== 2 || timesteps)) {
    throw new ArgumentError(
      `intermediateTimesteps must be left out unless two steps are taken, got ${middle}`,
    );
  }
  const even = numpyLinspace(maxTimesteps, 0, n + 1);
  const usual = n === 2 && middle !== null ? [maxTimesteps, middle ?? 1.3, 0] : even;
  const times = timesteps ?? usual;
  const steps = times.slice(0, -1).map((s, i): Step => {
    const t = times[i + 1];
    const noise = Math.sin(t) * settings.sigma_data;
    return {
      t: s,
      predicts: "v",
      denoised: { x: Math.cos(s), prediction: -Math.sin(s) },
      next: { x0: Math.cos(t), x: 0, prediction: 0, noise },
    };
  });
  return { steps: steps.slice(firstStep(run, n)) };
}
