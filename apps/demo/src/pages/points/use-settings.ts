import { reactive, watch } from "vue";
import { maxSeed } from "../../seed.ts";
import { keepSetting, readSettings } from "../../storage.ts";
import { type CloudId, toyIds } from "./clouds.ts";

/** The settings of the learning page, which survive a reload. */
export interface Settings {
  id: CloudId;
  choice: string;
  steps: number;
  seed: number;
  /** Undefined until the reader chooses: the page then takes as many as run in 5 seconds. */
  ddpmSteps?: number;
  ddimSteps: number;
  eta: number;
}

const usual: Settings = {
  id: "moons",
  choice: "onnx/wasm",
  steps: 2500,
  seed: 0,
  ddimSteps: 20,
  eta: 0,
};

const ranges = {
  steps: [10, 50_000],
  seed: [0, maxSeed],
  ddpmSteps: [5, 1000],
  ddimSteps: [1, 100],
  eta: [0, 1],
} as const;

const ids: readonly string[] = [...toyIds, "drawn", "postcard"];
const isId = (id: unknown): id is CloudId => typeof id === "string" && ids.includes(id);

/** The settings of an address (`data`, `steps`, `seed`, `eta`), then the kept ones. */
export function useSettings(address: URLSearchParams): Settings {
  const settings = reactive({ ...usual });
  const apply = (values: Readonly<Record<string, unknown>>) => {
    if (isId(values.id)) settings.id = values.id;
    if (typeof values.choice === "string") settings.choice = values.choice;
    for (const [name, [low, high]] of Object.entries(ranges)) {
      const value = values[name];
      const inside = typeof value === "number" && value >= low && value <= high;
      if (inside) Object.assign(settings, { [name]: value });
    }
  };
  apply(readSettings("learn"));
  apply(addressed(address));
  watch(settings, () => keepSetting("learn", settings));
  return settings;
}

/** The settings that an address names. */
export function addressed(address: URLSearchParams): Record<string, unknown> {
  const entries = Object.entries(Object.fromEntries(address));
  return Object.fromEntries(
    entries.map(([name, value]) => (name === "data" ? ["id", value] : [name, Number(value)])),
  );
}
