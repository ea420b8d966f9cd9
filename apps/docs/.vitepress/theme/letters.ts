import type { Letter } from "@gen/figures";
import { ref, watch } from "vue";

/** The letter that the reader points at. Formula, code and figure light it up. */
export const letter = ref<Letter>();

if (typeof document !== "undefined") {
  watch(letter, (lit) => {
    if (lit) document.documentElement.dataset.letter = lit;
    else delete document.documentElement.dataset.letter;
  });
}
