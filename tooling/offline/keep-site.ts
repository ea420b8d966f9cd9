import { addPlugins, cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";
import { registerRoute, setCatchHandler } from "workbox-routing";
import { CacheFirst, NetworkFirst } from "workbox-strategies";

/*
 * The part of a service worker that keeps a site for later visits without a network. `writeWorker`
 * defines the list of files.
 */

declare const FILES: { url: string; revision: string | null }[];

export interface KeepSiteOptions {
  /** The cache of the files that are kept after their first use. */
  readonly cacheName: string;
  /** What is done with each response. */
  readonly plugins?: Parameters<typeof addPlugins>[0];
  /** Pages that are not listed: they are kept after they were read. */
  readonly pages?: {
    readonly cacheName: string;
    /** What is shown in place of a page that was not read before, without a network. */
    missingPage(scope: string): string;
  };
}

/** Keeps the listed files during the first visit, and other files of `assets/` after their first use. */
export function keepSite({ cacheName, plugins = [], pages }: KeepSiteOptions): void {
  cleanupOutdatedCaches();
  addPlugins(plugins);
  // The settings of an address do not change its file.
  precacheAndRoute(FILES, { ignoreURLParametersMatching: [/./] });
  const scope = new URL("./", self.location.href).href;
  registerRoute(
    ({ url }) => url.href.startsWith(`${scope}assets/`),
    new CacheFirst({ cacheName, plugins }),
  );
  if (!pages) return;
  registerRoute(
    ({ request, url }) => request.mode === "navigate" && url.href.startsWith(scope),
    new NetworkFirst({ cacheName: pages.cacheName, plugins }),
  );
  setCatchHandler(async ({ request }) => {
    if (request.mode !== "navigate") return Response.error();
    return new Response(pages.missingPage(scope), { headers: { "content-type": "text/html" } });
  });
}
