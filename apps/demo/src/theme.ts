import { readonly, ref, watchEffect } from "vue";
import { keepSetting, readSetting } from "./storage.ts";

export type Theme = "light" | "dark";

const system = matchMedia("(prefers-color-scheme: dark)");
const systemTheme = (): Theme => (system.matches ? "dark" : "light");
const isTheme = (value: unknown): value is Theme => value === "light" || value === "dark";

const kept = readSetting("theme");
const current = ref<Theme>(isTheme(kept) ? kept : systemTheme());

/** The theme of the page: the reader's choice, or the system's. */
export const theme = readonly(current);

/** Switches between light and dark, and keeps the choice. */
export function switchTheme(): void {
  current.value = current.value === "dark" ? "light" : "dark";
  keepSetting("theme", current.value);
}

system.addEventListener("change", () => {
  if (!isTheme(readSetting("theme"))) current.value = systemTheme();
});

watchEffect(() => {
  document.documentElement.dataset.theme = current.value;
});
