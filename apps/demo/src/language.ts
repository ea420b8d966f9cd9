import { computed, readonly, ref, shallowReactive, watchEffect } from "vue";
import { keepSetting, readSetting } from "./storage.ts";
import { en, type Strings } from "./strings/en.ts";

/** Every language of the demo. To add one, write a file in `strings` and a row here. */
export const languages = {
  en: { name: "English", tag: "en", load: async () => en },
  zh: { name: "中文", tag: "zh-CN", load: async () => (await import("./strings/zh.ts")).zh },
} satisfies Record<string, { name: string; tag: string; load(): Promise<Strings> }>;

export type Language = keyof typeof languages;

const isLanguage = (id: unknown): id is Language =>
  typeof id === "string" && Object.hasOwn(languages, id);

const current = ref<Language>(initialLanguage());

export const language = readonly(current);

/** The strings of each language that has loaded. */
const strings = shallowReactive<Partial<Record<Language, Strings>>>({ en });

/** The strings of the current language. */
export const text = computed(() => strings[current.value] ?? en);

/** Loads the strings of a language. If they cannot load, the page is English. */
async function loadStrings(id: Language): Promise<void> {
  strings[id] ??= await languages[id].load().catch(() => en);
}

/** Resolves when the page can be shown in the language that it opens with. */
export const languageReady = loadStrings(current.value);

/** Switches the language, and keeps it in the address as `?lang=` and in the settings. */
export async function switchLanguage(to: Language): Promise<void> {
  await loadStrings(to);
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
