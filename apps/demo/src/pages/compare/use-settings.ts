import { nextTick, reactive, ref, watch } from "vue";
import { replaceAddress, route } from "../../route.ts";
import { maxSeed } from "../../seed.ts";
import { keepSetting, readSettings } from "../../storage.ts";
import type { DataId } from "./point-data.ts";

/** The settings of this room, which survive a reload. */
export interface Settings {
  data: DataId;
  denoiser: "exact" | "network";
  steps: number;
  /** The fresh noise of the left side, from 0 (DDIM) to 1 (DDPM). */
  eta: number;
  seed: number;
  /** The place of the curtain, from 0 to 100. */
  curtain: number;
}

const usual: Settings = {
  data: "picture",
  denoiser: "exact",
  steps: 32,
  eta: 1,
  seed: 0,
  curtain: 50,
};

/** The ranges of the numbers. All but eta are whole. */
export const ranges = {
  steps: [2, 100],
  eta: [0, 1],
  seed: [0, maxSeed],
  curtain: [0, 100],
} as const;

const choices = {
  data: ["picture", "moons", "rings", "learned"],
  denoiser: ["exact", "network"],
} as const;

/** A setting that was not taken as it was given, and its value now. */
export interface Adjusted {
  readonly name: string;
  readonly value: string | number;
}

/** The nearest value that a number of the settings may have. Undefined for no number. */
export function nearest(name: keyof typeof ranges, value: unknown): number | undefined {
  if (typeof value !== "number" || Number.isNaN(value)) return undefined;
  const [low, high] = ranges[name];
  const inside = Math.min(Math.max(value, low), high);
  return name === "eta" ? inside : Math.round(inside);
}

/** Applies values to settings. Returns those that were changed or ignored. */
function applySettings(settings: Settings, values: Readonly<Record<string, unknown>>): Adjusted[] {
  const adjusted: Adjusted[] = [];
  for (const [name, value] of Object.entries(values)) {
    let taken: unknown;
    if (Object.hasOwn(ranges, name)) taken = nearest(name as keyof typeof ranges, value);
    else if (Object.hasOwn(choices, name)) {
      const all: readonly unknown[] = choices[name as keyof typeof choices];
      if (all.includes(value)) taken = value;
    } else continue;
    if (taken !== undefined) Object.assign(settings, { [name]: taken });
    if (taken !== value) {
      adjusted.push({ name, value: settings[name as keyof Settings] });
    }
  }
  return adjusted;
}

const isNumber = (name: string): boolean => Object.hasOwn(ranges, name);

/** The kept settings, then those of the address, which are dropped from it at the first change. */
export function useSettings() {
  const settings = reactive({ ...usual });
  const adjusted = ref<readonly Adjusted[]>([]);
  let applying = false;
  applySettings(settings, readSettings("ddpm-ddim"));
  const applyAddress = () => {
    const { id, settings: given } = route.value;
    if (id !== "ddpm-ddim") return;
    applying = true;
    const values = [...given].map(([name, value]): [string, unknown] => [
      name,
      isNumber(name) ? Number(value || Number.NaN) : value,
    ]);
    adjusted.value = applySettings(settings, Object.fromEntries(values));
    void nextTick().then(() => {
      applying = false;
    });
  };
  applyAddress();
  watch(() => route.value.settings, applyAddress);
  watch(settings, () => {
    keepSetting("ddpm-ddim", settings);
    if (!applying && location.hash.includes("?")) replaceAddress("ddpm-ddim");
  });
  return { settings, adjusted };
}
