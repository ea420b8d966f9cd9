import { type ComputedRef, computed, shallowReactive } from "vue";
import { type Language, language, loadInLanguage } from "./language.ts";

/** A page's own strings in the current language. They load with the page. */
export const inLanguage = <W>(words: Readonly<Record<Language, W>>): ComputedRef<W> =>
  computed(() => words[language.value]);

/**
 * A page's own strings, of which each language loads where it is read. If one cannot load, the strings
 * before stay. Call it once for a page: what it loads is never let go.
 */
export function loadedInLanguage<W extends object>(
  load: Readonly<Record<Language, () => Promise<W>>>,
): ComputedRef<W> {
  const loaded = shallowReactive<Partial<Record<Language, W>>>({});
  loadInLanguage(async (id) => {
    loaded[id] ??= await load[id]();
  });
  return computed(() => (loaded[language.value] ?? Object.values(loaded)[0]) as W);
}
