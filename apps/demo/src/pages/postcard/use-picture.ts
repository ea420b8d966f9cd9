import {
  cellsOfWord,
  decodePicture,
  encodePicture,
  fontReady,
  maxWord,
  nextTask,
  type Picture,
} from "@gen/figures/postcard";
import { computed, ref, shallowRef, watch } from "vue";
import { text } from "../../language.ts";
import { replaceAddress, route } from "../../route.ts";
import { keepSetting, readSetting } from "../../storage.ts";

/** Where a picture comes from. */
export type Source = "word" | "drawing" | "moons" | "rings" | "file" | "link";

/** The picture of the postcard. The learning page trains on the same points. */
export const picture = shallowRef<Picture>();
/** What the picture shows, if the reader typed it. */
export const word = ref("");
export const source = ref<Source>("word");
/** Whether the address's code is damaged or of another version. */
export const damagedLink = ref(false);

export function setPicture(cells: Uint32Array, from: Source): void {
  source.value = from;
  picture.value = { cells, seed: picture.value?.seed ?? 0 };
}

export async function setWord(typed: string): Promise<void> {
  word.value = typed.slice(0, maxWord);
  const own = word.value;
  await fontReady(own);
  // Not in the task that mounts the page, which is long enough.
  await nextTask();
  if (own !== word.value) return;
  const cells = cellsOfWord(own);
  await nextTask();
  if (cells.length > 0 && own === word.value) setPicture(cells, "word");
}

/** Opens the picture of the address, the kept picture, or the default word. */
export async function openPicture(): Promise<void> {
  const code = route.value.id === "postcard" ? route.value.part : "";
  const linked = code ? decodePicture(code) : undefined;
  if (code) damagedLink.value = !linked;
  if (linked) {
    source.value = "link";
    word.value = "";
    picture.value = linked;
    return;
  }
  if (picture.value) return;
  const kept = readSetting("picture") as { code?: unknown; word?: unknown; source?: unknown };
  const restored =
    typeof kept?.code === "string" && !damagedLink.value ? decodePicture(kept.code) : undefined;
  if (restored) {
    word.value = typeof kept.word === "string" ? kept.word.slice(0, maxWord) : "";
    source.value = kept.source === "word" ? "word" : "link";
    picture.value = restored;
    return;
  }
  await setWord(text.value.greeting);
}

/** The address of the current picture. */
export const pictureLink = computed(() =>
  picture.value
    ? `${location.href.split(/[?#]/, 1)[0]}#/postcard/${encodePicture(picture.value)}`
    : "",
);

watch(picture, (current) => {
  if (!current) return;
  const code = encodePicture(current);
  keepSetting("picture", { code, word: word.value, source: source.value });
  // An edited picture is no longer the one that the address names.
  const { id, part } = route.value;
  if (part === "") damagedLink.value = false;
  else if (id === "postcard" && part !== code) replaceAddress("postcard");
});
