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

type Load = (id: Language) => Promise<void>;
const loads: Load[] = [];
let loading: Promise<void>[] = [];

/** Loads more strings, in the current language and in each one that the reader switches to. */
export function loadInLanguage(load: Load): void {
  loads.push(load);
  loading.push(load(current.value));
}

/** Resolves when what has loaded of the page can be shown in its language. */
export async function languageReady(): Promise<void> {
  const all = loading;
  loading = [];
  await Promise.all(all);
}

loadInLanguage(loadStrings);

/** Switches the language, and keeps it in the address as `?lang=` and in the settings. */
export async function switchLanguage(to: Language): Promise<void> {
  await Promise.allSettled(loads.map((load) => load(to)));
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
