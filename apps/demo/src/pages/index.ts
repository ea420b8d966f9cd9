import type { Component } from "vue";
import type { Strings } from "../strings/en.ts";

/** One page of the demo. */
export interface Page {
  /** The page's address is `#/ID`. */
  readonly id: string;
  name(text: Strings): string;
  /** The title of the page in the browser's tab. */
  title(text: Strings): string;
  load(): Promise<{ default: Component }>;
}

/** Every page, in the order of the menu. To add one, write a folder and a row here. */
export const pages: readonly Page[] = [
  {
    id: "postcard",
    name: (text) => text.postcard.name,
    title: (text) => text.postcard.title,
    load: () => import("./postcard/postcard-page.vue"),
  },
  {
    id: "learn",
    name: (text) => text.points.name,
    title: (text) => text.points.title,
    load: () => import("./points/points-page.vue"),
  },
];
