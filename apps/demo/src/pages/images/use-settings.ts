import { reactive, watch } from "vue";
import { keepSetting, readSettings } from "../../storage.ts";
import { applyTo, type Settings, usual } from "./settings.ts";

/** The settings of an address, then the kept ones. The names of an address's bad values are told. */
export function useSettings(address: URLSearchParams) {
  const settings = reactive<Settings>({ ...usual });
  applyTo(settings, readSettings("images"));
  const refused = applyTo(settings, Object.fromEntries(address));
  watch(settings, () => keepSetting("images", settings));
  return { settings, refused };
}
