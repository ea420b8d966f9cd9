import { type FileStore, isStoreName } from "./file-store.ts";
import { insecureContext } from "./sha256.ts";

interface Cache {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
  delete(url: string): Promise<boolean>;
  keys(): Promise<readonly { readonly url: string }[]>;
}

// A cache maps URLs to responses. Nothing is ever requested from this origin.
const origin = "https://model-files.invalid/";

/** A store in a browser's cache of this name, which the pages and workers of an origin share. */
export function cacheStore(cacheName: string): FileStore {
  if (!("caches" in globalThis)) throw insecureContext("the Cache API");
  const host = globalThis as unknown as { caches: { open(name: string): Promise<Cache> } };
  // In a sandboxed page, reading `caches` throws. Each call then fails as if the disk were full.
  const open = async (): Promise<Cache> => host.caches.open(cacheName);
  const find = async (name: string) => (await open()).match(origin + name);
  return {
    async read(name) {
      const found = await find(name);
      return found && new Uint8Array(await found.arrayBuffer());
    },
    open: async (name) => (await find(name))?.blob(),
    async write(name, bytes) {
      const headers = { "content-length": String(bytes.length) };
      const response = new Response(bytes as Uint8Array<ArrayBuffer>, { headers });
      await (await open()).put(origin + name, response);
    },
    async remove(name) {
      await (await open()).delete(origin + name);
    },
    async sizes() {
      const cache = await open();
      const sizes = new Map<string, number>();
      for (const { url } of await cache.keys()) {
        const name = url.slice(origin.length);
        const found = isStoreName(name) ? await cache.match(url) : undefined;
        if (found) sizes.set(name, Number(found.headers.get("content-length")));
      }
      return sizes;
    },
  };
}
