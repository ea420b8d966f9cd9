import { type ComputedRef, computed } from "vue";
import { type Language, language } from "./language.ts";

/** A page's own strings in the current language. They load with the page. */
export const inLanguage = <W>(words: Readonly<Record<Language, W>>): ComputedRef<W> =>
  computed(() => words[language.value]);
