import type { Component } from "vue";
import type { Strings } from "../strings/en.ts";

/** One page of the demo. */
export interface Room {
  /** Its address, as `#/ID`. */
  readonly id: string;
  name(text: Strings): string;
  load(): Promise<{ default: Component }>;
}

/** Every room in the order of the menu; a new one is a folder and a row here. */
export const rooms: readonly Room[] = [
  {
    id: "points",
    name: (text) => text.points.name,
    load: () => import("./points/points-room.vue"),
  },
];
