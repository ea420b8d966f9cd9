import { reactive, ref, watch } from "vue";
import { keepSetting, readSettings } from "../../storage.ts";
import { isHex } from "./drawings.ts";
import recipe from "./recipe.json";

/** Each setting of the room: whether a value is valid. */
const valid = {
  learnFrom: (v: unknown): v is "digits" | "drawings" => v === "digits" || v === "drawings",
  beta: (v: unknown): v is number => betas.includes(v as number),
  steps: (v: unknown): v is number =>
    Number.isInteger(v) && (v as number) >= stepRange.low && (v as number) <= stepRange.high,
  whose: (v: unknown): v is "posterior" | "prior" => v === "posterior" || v === "prior",
  z: (v: unknown): v is [number, number] =>
    Array.isArray(v) && v.length === 2 && v.every((c) => Number.isFinite(c) && Math.abs(c) <= 20),
  decoded: (v: unknown): v is boolean => typeof v === "boolean",
  data: (v: unknown): v is boolean => typeof v === "boolean",
  own: (v: unknown): v is string => v === "" || isHex(v),
  drawings: (v: unknown): v is string[] =>
    Array.isArray(v) && v.length <= mostDrawings && v.every(isHex),
};

type Valid = typeof valid;
/** The settings of the room, which survive a reload. */
export type Settings = {
  [K in keyof Valid]: Valid[K] extends (v: unknown) => v is infer V ? V : never;
};

/** The choices of beta. */
export const betas = [0, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16];
export const stepRange = { low: 10, high: 50_000 };
/** The most drawings that the page keeps. */
export const mostDrawings = 40;

/** The settings that an address may name. */
const addressed = {
  beta: Number,
  steps: Number,
  whose: String,
  z: (v: string) => v.split(",").map(Number),
};

/** The settings: the address before those that are kept, before the usual ones. */
export function useSettings(address: URLSearchParams) {
  const settings = reactive<Settings>({
    learnFrom: "digits",
    beta: recipe.beta,
    steps: recipe.steps,
    whose: "posterior",
    z: [0.4, -0.6],
    decoded: true,
    data: true,
    own: "",
    drawings: [],
  });
  /** The names of settings whose value in the address is not valid. */
  const refused = ref<string[]>([]);
  const take = (name: string, value: unknown): boolean => {
    const fits = valid[name as keyof Valid](value);
    if (fits) Object.assign(settings, { [name]: value });
    return fits;
  };
  const kept = readSettings("latent");
  for (const name of Object.keys(valid)) take(name, kept[name]);
  for (const [name, parse] of Object.entries(addressed)) {
    const given = address.get(name);
    if (given !== null && !take(name, parse(given))) refused.value.push(name);
  }
  watch(settings, () => keepSetting("latent", settings));
  return { settings, refused };
}
