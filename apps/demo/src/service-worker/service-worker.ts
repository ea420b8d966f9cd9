import { addPlugins, cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";
import { registerRoute } from "workbox-routing";
import { CacheFirst } from "workbox-strategies";

/*
 * Keeps the demo for later visits without a network. The pages are kept during the first visit,
 * runtimes and models after their first use.
 */

declare const FILES: { url: string; revision: string | null }[];

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * A response with the headers that let a page share memory. Not every host can send them. With
 * them, runtimes use several threads from the second visit on.
 */
const isolated = {
  async handlerWillRespond({ response }: { response: Response }): Promise<Response> {
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(isolation)) {
      if (!headers.has(name)) headers.set(name, value);
    }
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers });
  },
};

cleanupOutdatedCaches();
addPlugins([isolated]);
// The settings of an address do not change its file.
precacheAndRoute(FILES, { ignoreURLParametersMatching: [/./] });

const folder = new URL("./assets/", self.location.href).href;
registerRoute(
  ({ url }) => url.href.startsWith(folder),
  new CacheFirst({ cacheName: "assets", plugins: [isolated] }),
);
