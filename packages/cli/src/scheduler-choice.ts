/*
 * Another scheduler for a folder, as diffusers' `from_config` makes it: the class of --sampler with the
 * fields of the folder's config, and with the levels that --sigmas or --spacing names.
 *
 *   --sampler dpm-solver++ --sigmas karras   DPMSolverMultistepScheduler, use_karras_sigmas
 */
import type { ReadFile } from "@gen/pipeline";
import type { SamplerName } from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import { usageError } from "./errors.ts";
import { parseJson } from "./files.ts";
import { sigmaNames, type spacingNames } from "./names.ts";

/** What the settings of a picture say of its scheduler. */
export interface SchedulerChoice {
  readonly sampler?: SamplerName;
  readonly sigmas?: (typeof sigmaNames)[number];
  readonly spacing?: (typeof spacingNames)[number];
}

/** The class of each sampler that has levels of its own choice. */
const classes: Readonly<Partial<Record<SamplerName, string>>> = {
  ddim: "DDIMScheduler",
  ddpm: "DDPMScheduler",
  euler: "EulerDiscreteScheduler",
  "euler-ancestral": "EulerAncestralDiscreteScheduler",
  heun: "HeunDiscreteScheduler",
  lms: "LMSDiscreteScheduler",
  dpm2: "KDPM2DiscreteScheduler",
  "dpm2-ancestral": "KDPM2AncestralDiscreteScheduler",
  "dpm-sde": "DPMSolverSDEScheduler",
  "dpm-solver++": "DPMSolverMultistepScheduler",
  "dpm-solver++-sde": "DPMSolverMultistepScheduler",
  "dpm-solver++-single": "DPMSolverSinglestepScheduler",
  unipc: "UniPCMultistepScheduler",
  deis: "DEISMultistepScheduler",
  "sa-solver": "SASolverScheduler",
  pndm: "PNDMScheduler",
  "flow-euler": "FlowMatchEulerDiscreteScheduler",
};

const PATH = "scheduler/scheduler_config.json";

/**
 * A folder's reader whose scheduler is the chosen one, and the sampler that is left to choose.
 *
 * @throws GenError `usage`, on reading the scheduler, when its class has no such choice.
 */
export function chooseScheduler(
  read: ReadFile,
  { sampler, sigmas, spacing }: SchedulerChoice,
): { readonly read: ReadFile; readonly sampler?: SamplerName } {
  if (sigmas === undefined && spacing === undefined) return { read, sampler };
  const className = sampler && classes[sampler];
  if (sampler && !className) {
    const flag = sigmas === undefined ? "--spacing" : "--sigmas";
    throw usageError(`${flag} must be left out: ${sampler} has levels of its own`);
  }
  const chosen = async (path: string) => {
    const bytes = await read(path);
    const config = path === PATH && bytes ? parseJson<Record<string, unknown>>(bytes) : undefined;
    if (!config || typeof config !== "object") return bytes;
    const named = { ...config, ...(className && { _class_name: className }) };
    const { settings, className: found } = readSchedulerConfig(named);
    const fields: Record<string, unknown> = {
      ...Object.fromEntries(
        sigmaNames
          .map((name) => [`use_${name}_sigmas`, sigmas === name] as const)
          .filter(([field, value]) => value || field in settings),
      ),
      ...(spacing && { timestep_spacing: spacing }),
      // Another class's own default is no wish of the folder.
      ...(found !== config._class_name &&
        "clip_sample" in settings &&
        !("clip_sample" in config) && { clip_sample: false }),
      ...(sampler === "dpm-solver++" && { algorithm_type: "dpmsolver++" }),
      ...(sampler === "dpm-solver++-sde" && { algorithm_type: "sde-dpmsolver++" }),
    };
    const unknown = Object.keys(fields).find((field) => !(field in settings));
    if (unknown !== undefined) {
      const flag = unknown === "timestep_spacing" ? "--spacing" : "--sigmas";
      throw usageError(`${flag} must be left out: ${found} has no ${unknown}`);
    }
    return new TextEncoder().encode(JSON.stringify({ ...named, ...fields }));
  };
  return { read: chosen };
}
