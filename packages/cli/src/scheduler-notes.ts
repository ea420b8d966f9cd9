import type { SchedulerConfig } from "@gen/schedules";

// What these fields must be for the sampler to be what the class is; others are not heeded.
const heeded: Readonly<Record<string, readonly unknown[]>> = {
  algorithm_type: ["dpmsolver++", "sde-dpmsolver++"],
  predict_x0: [true],
  use_beta_sigmas: [false],
  use_flow_sigmas: [false],
  use_lu_lambdas: [false],
  euler_at_final: [false],
  final_sigmas_type: ["zero"],
  timestep_type: ["discrete"],
  interpolation_type: ["linear"],
  lambda_min_clipped: [-Infinity],
  sigma_min: [null],
  sigma_max: [null],
  solver_p: [null],
};

/** What a scheduler's file says that sampling does not heed, in lines for people. */
export function schedulerNotes({ className, unknown, settings }: SchedulerConfig): string[] {
  const lines: string[] = [];
  if (unknown.length > 0) {
    lines.push(`fields that ${className} does not have are passed over: ${unknown.join(", ")}`);
  }
  const passed = Object.entries(heeded)
    .filter(([name, allowed]) => name in settings && !allowed.includes(settings[name]))
    .map(([name]) => `${name} ${JSON.stringify(settings[name])}`);
  if (passed.length > 0) {
    lines.push(`${className} is sampled without ${passed.join(", ")}`);
  }
  if (className === "PNDMScheduler") {
    lines.push("PNDMScheduler is no sampler here; ddim is taken unless --sampler is given");
  }
  return lines;
}
