import { type ComputedRef, computed, shallowReactive } from "vue";
import { type Language, language, loadInLanguage } from "./language.ts";

/** A page's own strings in each language. They load with the page, or where they are read. */
type Words<W> = Readonly<Record<Language, W | (() => Promise<W>)>>;

/** A page's own strings in the current language. If they cannot load, those before them stay. */
export function inLanguage<W extends object>(words: Words<W>): ComputedRef<W> {
  const loaded = shallowReactive<Partial<Record<Language, W>>>({});
  loadInLanguage(async (id) => {
    const given = words[id];
    loaded[id] ??= typeof given === "function" ? await given() : given;
  });
  return computed(() => (loaded[language.value] ?? Object.values(loaded)[0]) as W);
}
