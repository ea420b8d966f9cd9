import { computed, readonly, ref, watchEffect } from "vue";
import { keepSetting, readSetting } from "./storage.ts";
import { en, type Strings } from "./strings/en.ts";
import { zh } from "./strings/zh.ts";

/** Every language of the demo. To add one, write a file in `strings` and a row here. */
export const languages = {
  en: { name: "English", tag: "en", strings: en },
  zh: { name: "中文", tag: "zh-CN", strings: zh },
} satisfies Record<string, { name: string; tag: string; strings: Strings }>;

export type Language = keyof typeof languages;

const isLanguage = (id: unknown): id is Language =>
  typeof id === "string" && Object.hasOwn(languages, id);

const current = ref<Language>(initialLanguage());

export const language = readonly(current);

/** The strings of the current language. */
export const text = computed(() => languages[current.value].strings);

/** Switches the language, and keeps it in the address as `?lang=` and in the settings. */
export function switchLanguage(to: Language): void {
  current.value = to;
  keepSetting("language", to);
  const address = new URL(location.href);
  address.searchParams.set("lang", to);
  try {
    history.replaceState(history.state, "", address);
  } catch {
    // A page in a sandbox may not change its address. The language is switched anyway.
  }
}

watchEffect(() => {
  document.documentElement.lang = languages[current.value].tag;
  const description = document.querySelector('meta[name="description"]');
  description?.setAttribute("content", text.value.description);
});

function initialLanguage(): Language {
  const requested = new URLSearchParams(location.search).get("lang");
  if (isLanguage(requested)) return requested;
  const kept = readSetting("language");
  if (isLanguage(kept)) return kept;
  const preferred = navigator.languages.map((tag) => tag.split("-")[0]);
  return preferred.find(isLanguage) ?? "en";
}
