import { maxSeed } from "../../seed.ts";

/** The models of this room. */
export const models = ["pixel", "latent"] as const;
export type ModelId = (typeof models)[number];

/** The samplers that the room offers, by the library's names. */
export const samplers = ["ddim", "dpm-solver++", "unipc", "heun", "ddpm"] as const;

/** The label that means no class: the number of classes. */
export const unlabeled = 10;

/** What a run makes. */
export interface Settings {
  model: ModelId;
  /** A class, or {@link unlabeled}. */
  label: number;
  /** The scale of classifier-free guidance. */
  guidance: number;
  steps: number;
  sampler: (typeof samplers)[number];
  seed: number;
  count: number;
}

export const usual: Readonly<Settings> = {
  model: "pixel",
  label: 2,
  guidance: 2,
  steps: 24,
  sampler: "ddim",
  seed: 5,
  count: 8,
};

const ranges = {
  label: [0, unlabeled],
  guidance: [0, 8],
  steps: [2, 250],
  seed: [0, maxSeed],
  count: [1, 16],
} as const;

/** Takes the good values of a record, and returns the settings that had to be moved or left out. */
export function applyTo(settings: Settings, values: Readonly<Record<string, unknown>>): string[] {
  const refused: string[] = [];
  for (const [name, list] of Object.entries({ model: models, sampler: samplers })) {
    const value = values[name];
    if (value === undefined) continue;
    if ((list as readonly unknown[]).includes(value)) Object.assign(settings, { [name]: value });
    else refused.push(name);
  }
  for (const [name, [low, high]] of Object.entries(ranges)) {
    const value = values[name];
    if (value === undefined) continue;
    const number = value === "" || value === null ? Number.NaN : Number(value);
    const whole = name === "guidance" ? number : Math.round(number);
    const inside = Math.min(Math.max(whole, low), high);
    if (Number.isFinite(inside)) Object.assign(settings, { [name]: inside });
    if (inside !== number) refused.push(name);
  }
  return refused;
}
