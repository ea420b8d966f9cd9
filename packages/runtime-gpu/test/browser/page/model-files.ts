import { type FileProgress, type KeptFile, modelFiles } from "@gen/model-files";

const cacheName = "tested";

/** The result of a fetch: SHA-256 of the bytes, or the error; progress; the cache after it. */
export interface FetchedFile {
  sha256?: string;
  error?: string;
  progress: FileProgress[];
  /** Names in the cache, without the origin of their URLs. */
  names: string[];
}

interface FetchFileOptions {
  sha256?: string;
  limit?: number;
  capacity?: number;
  headers?: Record<string, string>;
  timeout?: number;
  attempts?: number;
  /** Aborts once so many bytes have arrived. */
  stopAt?: number;
}

export async function fetchFile(url: string, options: FetchFileOptions = {}): Promise<FetchedFile> {
  const { capacity, stopAt = Number.POSITIVE_INFINITY, ...rest } = options;
  const progress: FileProgress[] = [];
  const controller = new AbortController();
  const onProgress = (each: FileProgress) => {
    progress.push(each);
    if (each.loaded >= stopAt) controller.abort();
  };
  const done: Pick<FetchedFile, "sha256" | "error"> = {};
  try {
    const files = modelFiles({ name: cacheName, capacity });
    const bytes = await files.fetch(url, { ...rest, signal: controller.signal, onProgress });
    const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
    done.sha256 = Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join(
      "",
    );
  } catch (error) {
    done.error = `${(error as Error).name}: ${(error as Error).message}`;
  }
  return { ...done, progress, names: await namesInCache() };
}

const namesInCache = async (): Promise<string[]> =>
  (await (await caches.open(cacheName)).keys()).map(({ url }) => new URL(url).pathname.slice(1));

/** Fetches a file twice in a page that cannot store it. Returns both sizes and the warnings. */
export async function fetchUnkept(url: string): Promise<{ sizes: number[]; warnings: string[] }> {
  const warnings: string[] = [];
  const files = modelFiles({ name: cacheName, onWarning: (message) => warnings.push(message) });
  const sizes = [(await files.fetch(url)).length, (await files.fetch(url)).length];
  return { sizes, warnings };
}

export const keptFiles = async (): Promise<KeptFile[]> => modelFiles({ name: cacheName }).list();

/** Removes one file or all. Returns the bytes freed and the names left. */
export async function removeFiles(which?: string): Promise<{ freed: number; names: string[] }> {
  const files = modelFiles({ name: cacheName });
  const freed = await (which ? files.evict(which) : files.clear());
  return { freed, names: await namesInCache() };
}

/** Puts a wrong byte into a stored file. */
export async function damageFile(sha256: string): Promise<void> {
  const cache = await caches.open(cacheName);
  const request = (await cache.keys()).find(({ url }) => url.endsWith(`/${sha256}`)) as Request;
  const found = (await cache.match(request)) as Response;
  const bytes = new Uint8Array(await found.arrayBuffer());
  bytes[bytes.length >> 1] ^= 1;
  await cache.put(request, new Response(bytes, { headers: found.headers }));
}
