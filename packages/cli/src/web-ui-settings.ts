/*
 * The settings of a picture of Stable Diffusion web UI as ours:
 *
 *   Sampler: DPM++ 2M Karras          sampler dpm-solver++, sigmas karras
 *   Sampler: DPM++ 2M, Schedule type: Automatic   the same: its default of this sampler
 *   Seed: 5                           torchSeed 5 on "cuda", where it draws unless its RNG is the CPU's
 *
 * Its samplers are k-diffusion's (modules/sd_samplers_kdiffusion.py, sd_schedulers.py) and CompVis's
 * (sd_samplers_timesteps.py), whose times diffusers calls linspace, and leading.
 */
import type { SamplerName } from "@gen/sampling";
import type { SchedulerChoice } from "./scheduler-choice.ts";

interface WebUiSampler {
  readonly sampler: SamplerName;
  /** The schedule that "Automatic" means. @defaultValue Uniform */
  readonly automatic?: "Karras" | "Exponential";
  /** The spacing of CompVis's samplers, which take no schedule. */
  readonly spacing?: "leading";
  /** Where the web UI's steps are not quite the same. */
  readonly differs?: string;
}

/** Where the web UI leaves out the last level but one. */
const DISCARDS = "the web UI leaves out the last level but one";

const samplers: Readonly<Record<string, WebUiSampler>> = {
  Euler: { sampler: "euler" },
  "Euler a": { sampler: "euler-ancestral" },
  Heun: { sampler: "heun" },
  LMS: { sampler: "lms" },
  DPM2: { sampler: "dpm2", automatic: "Karras", differs: DISCARDS },
  "DPM2 a": { sampler: "dpm2-ancestral", automatic: "Karras", differs: DISCARDS },
  "DPM++ 2M": { sampler: "dpm-solver++", automatic: "Karras" },
  "DPM++ SDE": { sampler: "dpm-sde", automatic: "Karras", differs: "its noise is drawn otherwise" },
  "DPM++ 2M SDE": {
    sampler: "dpm-solver++-sde",
    automatic: "Exponential",
    differs: "its noise is drawn otherwise",
  },
  DDIM: { sampler: "ddim", spacing: "leading" },
  PLMS: { sampler: "pndm", spacing: "leading" },
  UniPC: { sampler: "unipc", spacing: "leading", differs: "the web UI's is of order 3" },
};

const schedules: Readonly<Record<string, Pick<SchedulerChoice, "sigmas" | "spacing">>> = {
  Uniform: { spacing: "linspace" },
  Normal: { spacing: "linspace" },
  Karras: { sigmas: "karras", spacing: "linspace" },
  Exponential: { sigmas: "exponential", spacing: "linspace" },
  Beta: { sigmas: "beta", spacing: "linspace" },
  "SGM Uniform": { spacing: "trailing" },
  Simple: { spacing: "trailing" },
  DDIM: { spacing: "leading" },
};

const quoted = (name: string) =>
  JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}...` : name);

/** Our settings for those of the web UI, and what is not the same, one sentence each. */
export function fromWebUi(found: Readonly<Record<string, unknown>>): {
  readonly settings: Record<string, unknown>;
  readonly notes: readonly string[];
} {
  // Its "Model" is a name, and a strength belongs to a picture that the file does not hold.
  const { sampler, scheduleType, rng, seed, model: _, strength, eta, ...rest } = found;
  const notes: string[] = [];
  const [name, schedule] = namesOf(String(sampler), scheduleType);
  const known = Object.hasOwn(samplers, name) ? samplers[name] : undefined;
  if (!known) {
    notes.push(
      `the web UI's sampler ${quoted(name)} is not known here: the folder's own takes its place; pass --sampler for another`,
    );
  }
  const wanted = schedule === "Automatic" ? (known?.automatic ?? "Uniform") : schedule;
  const spread = Object.hasOwn(schedules, wanted) ? schedules[wanted] : undefined;
  if (known && !known.spacing && !spread) {
    notes.push(
      `the web UI's schedule ${quoted(wanted)} is not known here: evenly spaced times take its place; pass --sigmas or --spacing for others`,
    );
  }
  if (known?.differs) notes.push(`${known.sampler} in place of ${name}: ${known.differs}`);
  if (strength !== undefined) {
    notes.push(
      `the picture has a denoising strength of ${Number(strength)}: pass --image and --strength if it began with another picture`,
    );
  }
  const levels = known?.spacing ? { spacing: known.spacing } : (spread ?? schedules.Uniform);
  return {
    settings: {
      ...rest,
      ...(known && { sampler: known.sampler, ...levels }),
      ...(known?.sampler === "euler-ancestral" && eta !== undefined && { eta }),
      ...(seed !== undefined && { torchSeed: seed, torchDevice: rng === "CPU" ? "cpu" : "cuda" }),
      // `(word:1.3)` is a weight there.
      weighted: true,
    },
    notes,
  };
}

/** Older versions of the web UI have the schedule in the sampler's name. */
function namesOf(sampler: string, scheduleType: unknown): [sampler: string, schedule: string] {
  const [, name, schedule] = /^(.*) (Karras|Exponential)$/.exec(sampler) ?? [];
  if (name !== undefined) return [name, schedule];
  return [sampler, typeof scheduleType === "string" ? scheduleType : "Uniform"];
}
