import { computed, readonly, ref, watchEffect } from "vue";
import { en, type Strings } from "./strings/en.ts";
import { zh } from "./strings/zh.ts";

/** Every language of the page, each named in itself; a new one is a file in `strings` and a row here. */
export const languages = {
  en: { name: "English", tag: "en", strings: en },
  zh: { name: "中文", tag: "zh-CN", strings: zh },
} satisfies Record<string, { name: string; tag: string; strings: Strings }>;

export type Language = keyof typeof languages;

const known = (id: string | null): id is Language => id !== null && id in languages;

const current = ref<Language>(startingLanguage());

export const language = readonly(current);

/** The strings of the current language. */
export const text = computed(() => languages[current.value].strings);

/** Switches, and keeps the choice in the address as `?lang=`, for reloads and for links. */
export function switchLanguage(to: Language): void {
  current.value = to;
  const address = new URL(location.href);
  address.searchParams.set("lang", to);
  try {
    history.replaceState(history.state, "", address);
  } catch {
    // A page in a sandbox may not change its address; the language is switched all the same.
  }
}

watchEffect(() => {
  document.documentElement.lang = languages[current.value].tag;
});

function startingLanguage(): Language {
  const asked = new URLSearchParams(location.search).get("lang");
  if (known(asked)) return asked;
  const preferred = navigator.languages.map((tag) => tag.split("-")[0]);
  return preferred.find(known) ?? "en";
}
