import { reactive, watch } from "vue";
import { maxSeed } from "../../seed.ts";
import { keepSetting, readSettings } from "../../storage.ts";
import { example } from "./example.ts";

/** The settings of the room, which survive a reload. */
export interface Settings {
  prompt: string;
  negativePrompt: string;
  classLabel: number;
  seed: number;
  /** Whether noise is drawn as PyTorch draws it. */
  torch: boolean;
  /** Undefined for the model's own. */
  steps?: number;
  guidance?: number;
  strength?: number;
  width?: number;
  height?: number;
  choice: string;
  url: string;
}

const usual: Settings = {
  ...example.settings,
  classLabel: 0,
  torch: true,
  choice: "onnx/wasm",
  url: "",
};

/** The ranges of the numbers. */
export const ranges = {
  classLabel: [0, 65_535],
  seed: [0, maxSeed],
  steps: [1, 1000],
  guidance: [0, 50],
  strength: [0.05, 1],
  width: [8, 4096],
  height: [8, 4096],
} as const;

/** The numbers that need not be whole. */
export const fractions: readonly string[] = ["guidance", "strength"];

/** The longest text that is kept. */
const MAX_TEXT = 2000;

/** The settings of an address, then the kept ones, then the example's. */
export function useSettings(address: URLSearchParams): Settings {
  const settings = reactive({ ...usual });
  apply(settings, readSettings("your-model"));
  apply(settings, addressed(address));
  watch(settings, () => keepSetting("your-model", settings));
  return settings;
}

function apply(settings: Settings, values: Readonly<Record<string, unknown>>): void {
  for (const name of ["prompt", "negativePrompt", "choice", "url"] as const) {
    const value = values[name];
    if (typeof value === "string") settings[name] = value.slice(0, MAX_TEXT);
  }
  if (typeof values.torch === "boolean") settings.torch = values.torch;
  for (const [name, [low, high]] of Object.entries(ranges)) {
    const value = values[name];
    const isWhole = fractions.includes(name) || Number.isInteger(value);
    const fits = typeof value === "number" && isWhole && value >= low && value <= high;
    if (fits) Object.assign(settings, { [name]: value });
  }
}

/** The settings that an address names: `?prompt=a fox&seed=3&torch=0&url=https://...`. */
function addressed(address: URLSearchParams): Record<string, unknown> {
  const entries = [...address].map(([name, value]) => {
    if (name === "torch") return [name, value !== "0"];
    return [name, name in ranges && value !== "" ? Number(value) : value];
  });
  return Object.fromEntries(entries);
}

/** Takes the example's settings again. */
export const takeExample = (settings: Settings): void => {
  Object.assign(settings, { ...usual, choice: settings.choice, url: settings.url });
  for (const name of ["guidance", "strength", "width", "height"] as const)
    settings[name] = undefined;
};
