import { computed, ref } from "vue";
import { type Room, rooms } from "./rooms/index.ts";

const hash = ref(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

/** The room that the address asks for as `#/ID`; the first where it asks for none we know. */
export const room = computed<Room>(
  () => rooms.find(({ id }) => hash.value === `#/${id}`) ?? rooms[0],
);
