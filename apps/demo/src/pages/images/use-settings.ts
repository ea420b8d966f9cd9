import { reactive, watch } from "vue";
import { keepSetting, readSetting } from "../../storage.ts";
import { applyTo, type Settings, usual } from "./settings.ts";

/** The settings of an address, then the kept ones. The names of an address's bad values are told. */
export function useSettings(address: URLSearchParams) {
  const settings = reactive<Settings>({ ...usual });
  const kept = readSetting("images");
  if (typeof kept === "object" && kept !== null) {
    applyTo(settings, kept as Record<string, unknown>);
  }
  const refused = applyTo(settings, Object.fromEntries(address));
  watch(settings, () => keepSetting("images", settings));
  return { settings, refused };
}
