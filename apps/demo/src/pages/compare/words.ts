import { loadedInLanguage } from "../../words.ts";
import type { Words } from "./words-en.ts";

/** The strings of this room. Only those of the reader's language load. */
export const words = loadedInLanguage<Words>({
  en: async () => (await import("./words-en.ts")).en,
  zh: async () => (await import("./words-zh.ts")).zh,
});
