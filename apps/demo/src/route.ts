import { computed, ref } from "vue";

/** What an address says: `?SETTINGS#/PAGE/PART?SETTINGS`. */
export interface Route {
  /** The name of the page. Empty for the first page. */
  readonly id: string;
  /** The rest of the path, such as the code of a picture. */
  readonly part: string;
  readonly settings: URLSearchParams;
}

const address = ref(location.href);
addEventListener("hashchange", () => {
  address.value = location.href;
});

function parseRoute(href: string): Route {
  const url = new URL(href);
  // A link to a part of this document, such as #main, names no page.
  const [path, query = ""] = url.hash.startsWith("#/") ? url.hash.slice(2).split("?", 2) : [""];
  const [id, ...rest] = path.split("/");
  const settings = new URLSearchParams(url.search);
  for (const [name, value] of new URLSearchParams(query)) settings.set(name, value);
  return { id, part: rest.join("/"), settings };
}

/** The route of the current address. */
export const route = computed(() => parseRoute(address.value));

/** Replaces the address by a page's own, without a new entry in the history. */
export function replaceAddress(page: string): void {
  try {
    history.replaceState(history.state, "", `#/${page}`);
    address.value = location.href;
  } catch {
    // A page in a sandbox may not change its address.
  }
}
