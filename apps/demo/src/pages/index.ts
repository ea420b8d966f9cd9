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
    name: (text) => text.rooms.postcard.name,
    title: (text) => text.rooms.postcard.title,
    load: () => import("./postcard/postcard-page.vue"),
  },
  {
    id: "learn",
    name: (text) => text.rooms.learn.name,
    title: (text) => text.rooms.learn.title,
    load: () => import("./points/points-page.vue"),
  },
  {
    id: "ddpm-ddim",
    name: (text) => text.rooms.compare.name,
    title: (text) => text.rooms.compare.title,
    load: () => import("./compare/compare-page.vue"),
  },
  {
    id: "steer",
    name: (text) => text.rooms.steer.name,
    title: (text) => text.rooms.steer.title,
    load: () => import("./steer/steer-page.vue"),
  },
  {
    id: "latent",
    name: (text) => text.rooms.latent.name,
    title: (text) => text.rooms.latent.title,
    load: () => import("./latent/latent-page.vue"),
  },
  {
    id: "images",
    name: (text) => text.rooms.images.name,
    title: (text) => text.rooms.images.title,
    load: () => import("./images/images-page.vue"),
  },
  {
    id: "your-model",
    name: (text) => text.rooms.model.name,
    title: (text) => text.rooms.model.title,
    load: () => import("./model/model-page.vue"),
  },
  {
    id: "race",
    name: (text) => text.rooms.race.name,
    title: (text) => text.rooms.race.title,
    load: () => import("./race/race-page.vue"),
  },
];
