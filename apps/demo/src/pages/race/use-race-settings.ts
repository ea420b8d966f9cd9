import { reactive, watch } from "vue";
import { maxSeed } from "../../seed.ts";
import { keepSetting, readSettings } from "../../storage.ts";

/** The settings of the race, which survive a reload. */
export interface RaceSettings {
  seed: number;
  /** The names of the runtimes that are on. Undefined until the reader turns one on or off. */
  on?: readonly string[];
  /** Whether the reader's own model races, if there is one. */
  own: boolean;
}

/** The nearest seed to a number; undefined if it is none. */
export const clampSeed = (value: number): number | undefined =>
  Number.isFinite(value) ? Math.min(Math.max(Math.floor(value), 0), maxSeed) : undefined;

const isName = (value: unknown): value is string => typeof value === "string";

/**
 * The settings of an address (`seed`, `on`, `model`), then the kept ones. `refused` has the parts of
 * the address that were changed or ignored.
 */
export function useRaceSettings(address: URLSearchParams) {
  const settings = reactive<RaceSettings>({ seed: 0, own: true });
  const kept = readSettings("race");
  if (typeof kept.seed === "number") settings.seed = clampSeed(kept.seed) ?? settings.seed;
  if (Array.isArray(kept.on)) settings.on = kept.on.filter(isName);
  if (typeof kept.own === "boolean") settings.own = kept.own;
  const refused: string[] = [];
  const seed = address.get("seed");
  if (seed !== null) {
    const clamped = seed.trim() === "" ? undefined : clampSeed(Number(seed));
    if (String(clamped) !== seed) refused.push(`seed=${seed.slice(0, 20)}`);
    settings.seed = clamped ?? settings.seed;
  }
  const on = address.get("on");
  if (on !== null) settings.on = on.split(",").filter((name) => name !== "");
  const model = address.get("model");
  if (model === "own" || model === "shipped") settings.own = model === "own";
  else if (model !== null) refused.push(`model=${model.slice(0, 20)}`);
  watch(settings, () => keepSetting("race", settings));
  return { settings, refused };
}
