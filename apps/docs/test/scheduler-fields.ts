import { readFileSync } from "node:fs";
import { join } from "node:path";
import { schedulerSteps } from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";

type Fields = Readonly<Record<string, unknown>>;

/** The signatures of diffusers' classes, which a Python program of tooling/reference wrote. */
const reference = join(
  import.meta.dirname,
  "../../../packages/schedules/test/reference/diffusers_defaults.json",
);
export const { source, classes }: { source: string; classes: Record<string, Fields> } = JSON.parse(
  readFileSync(reference, "utf8").replaceAll("-Infinity", '"-Infinity"'),
);

/** Values of a field beside its default, of those that diffusers takes. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  algorithm_type: [
    ...["dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver", "deis"],
    ...["data_prediction", "noise_prediction"],
  ],
  beta_schedule: ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace", "exp"],
  disable_corrector: [[0, 1]],
  dynamic_thresholding_ratio: [0.9],
  final_sigmas_type: ["zero", "sigma_min"],
  interpolation_type: ["log_linear"],
  lambda_min_clipped: [-1],
  noise_sampler_seed: [7],
  num_train_timesteps: [500, 40],
  prediction_type: ["epsilon", "sample", "v_prediction", "flow_prediction"],
  scale_factors: [[0.5, 1]],
  shift_terminal: [0.1],
  sigma_data: [1],
  sigma_max: [20],
  sigma_min: [0.1],
  sigma_schedule: ["exponential"],
  solver_order: [1, 3],
  solver_type: ["midpoint", "heun", "logrho", "bh1", "bh2"],
  time_shift_type: ["linear"],
  timestep_spacing: ["leading", "trailing", "linspace"],
  timestep_type: ["continuous"],
  trained_betas: [Array.from({ length: 1000 }, (_, i) => 0.001 + i * 1e-5)],
  upscale_mode: ["nearest"],
  variance_type: [
    ...["fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log"],
    ...["learned", "learned_range"],
  ],
};

/** Settings under which a field may count that has no effect by default. */
const CONTEXTS: readonly Fields[] = [
  {},
  { thresholding: true },
  { clip_sample: true },
  { use_karras_sigmas: true },
  { use_flow_sigmas: true, prediction_type: "flow_prediction" },
  { use_dynamic_shifting: true },
  { use_dynamic_shifting: true, use_flow_sigmas: true, prediction_type: "flow_prediction" },
  { beta_schedule: "squaredcos_cap_v2", solver_order: 3, timestep_spacing: "trailing" },
  { algorithm_type: "sde-dpmsolver++" },
  { prediction_type: "v_prediction", timestep_type: "continuous" },
  { variance_type: "learned_range" },
  { prediction_type: "v_prediction" },
  { timestep_spacing: "leading" },
  { lower_order_final: false },
  { final_sigmas_type: "sigma_min", lower_order_final: false },
  { final_sigmas_type: "sigma_min", algorithm_type: "dpmsolver" },
  { final_sigmas_type: "sigma_min" },
  { final_sigmas_type: "sigma_min", solver_order: 3 },
];

function valuesOf(name: string, given: unknown): readonly unknown[] {
  const listed = VALUES[name];
  if (listed) return listed.filter((value) => JSON.stringify(value) !== JSON.stringify(given));
  if (typeof given === "boolean") return [!given];
  if (typeof given === "number") return [given * 2 || 1, given / 2, given + 1];
  return [true, 0.5];
}

/** All that a config decides: the table, how the output of the network is read, the clip. */
function outcome(className: string, fields: Fields): string {
  const config = readSchedulerConfig({ _class_name: className, ...fields });
  const shifts = config.settings.use_dynamic_shifting === true;
  const length = shifts && "base_shift" in config.settings ? { imageLength: 1024 } : {};
  const shift = shifts && !("base_shift" in config.settings) ? { mu: 0.7 } : length;
  // Numbers of steps that the orders of the multistep classes divide, and that they do not.
  const tables = [5, 6].map((steps) => {
    const { notes: _, ...table } = schedulerSteps(config, { steps, ...shift });
    return table;
  });
  return JSON.stringify([tables, config.predictionType, config.clip, config.thresholding]);
}

const attempt = (className: string, fields: Fields): string | undefined => {
  try {
    return outcome(className, fields);
  } catch {
    return undefined;
  }
};

type Effect = "followed" | "none" | "refused";

/** What becomes of a field of a class, and the values that are refused. */
function effectOf(className: string, name: string): { effect: Effect; refused: string[] } {
  const own = classes[className];
  const refused: string[] = [];
  let runs = false;
  for (const value of valuesOf(name, own[name])) {
    const after = CONTEXTS.map((context) => {
      if (!Object.keys(context).every((key) => key in own)) return undefined;
      const [before, changed] = [context, { ...context, [name]: value }].map((fields) =>
        attempt(className, fields),
      );
      return before === undefined || changed === undefined ? undefined : before !== changed;
    });
    if (after.includes(true)) return { effect: "followed", refused: [] };
    if (after.includes(false)) runs = true;
    else refused.push(String(value));
  }
  return { effect: runs ? "none" : "refused", refused };
}

const short = (className: string) => className.replace(/Scheduler$/, "");

/** A row for each field of any class: the classes that follow it, that pass it over, that refuse it. */
export function fieldRows(): { name: string; by: Record<Effect, string[]> }[] {
  const names = [...new Set(Object.values(classes).flatMap((fields) => Object.keys(fields)))];
  return names.sort().map((name) => {
    const by: Record<Effect, string[]> = { followed: [], none: [], refused: [] };
    for (const className of Object.keys(classes)) {
      if (name in classes[className]) by[effectOf(className, name).effect].push(short(className));
    }
    return { name, by };
  });
}

/** A row for each class: its sampler here. */
export function classRows(): { name: string; sampler: string }[] {
  return Object.keys(classes).map((name) => {
    const config = readSchedulerConfig({ _class_name: name });
    return { name, sampler: schedulerSteps(config, {}).sampler };
  });
}
