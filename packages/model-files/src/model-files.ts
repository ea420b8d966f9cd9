import { ArgumentError, refused } from "@gen/math/arguments";
import { cacheStore } from "./cache-store.ts";
import { clear, evict, type KeptFile, keptFiles } from "./contents.ts";
import { type Fetched, fetchFile } from "./fetch-file.ts";
import { type FetchOptions, progressMeter } from "./fetch-options.ts";
import { type FileStore, ignoreFailures } from "./file-store.ts";
import { defaultFolder, folderStore } from "./folder-store.ts";
import { freeBytes } from "./growing-bytes.ts";
import { lruStore } from "./lru-store.ts";
import { inNode, shownUrl } from "./send.ts";
import { checkedSha256, isSha256 } from "./sha256.ts";
import { singleFlight } from "./single-flight.ts";
import { type FolderOptions, type UrlFolder, urlFolder } from "./url-folder.ts";
import type { WebBlob, WebUrl } from "./web-types.ts";

/** Where model files are stored, and how many bytes they may take. */
export interface ModelFilesOptions {
  /** The largest file allowed, in bytes, in [1, 2 ** 31 - 1]. @defaultValue 2 ** 31 - 1 */
  readonly limit?: number;
  /**
   * Bytes that all stored files may take. When they would take more, the least recently used are
   * removed.
   * @defaultValue Infinity
   */
  readonly capacity?: number;
  /** The folder, in Node. @defaultValue `gen/models` in the user's cache folder */
  readonly folder?: string;
  /** The name of the cache, in a browser. @defaultValue "gen-models" */
  readonly name?: string;
  /**
   * Your own store, used instead of the folder or the cache.
   * @defaultValue the folder, or the cache
   */
  readonly store?: FileStore;
  /**
   * Called when a file cannot be stored, for example because the disk is full.
   *
   * @param message One line for people.
   * @defaultValue console.warn
   */
  readonly onWarning?: (message: string) => void;
}

/** Files of models, downloaded once and stored under their SHA-256. */
export interface ModelFiles {
  /** The folder in Node, the name of the cache in a browser; undefined for a store of your own. */
  readonly location?: string;
  /**
   * The bytes of the file at an http or https URL. Returns the stored file if it has the SHA-256
   * given, or if the server says that it is current or cannot be reached. A stored file is hashed
   * on every load and downloaded again if it is damaged. After an abort or a broken connection,
   * another call continues where this one stopped, if the server can.
   *
   * @param url The file's address, http or https.
   * @param options The SHA-256, a signal, headers and limits. Default: none.
   * @throws GenError `file-missing`, `file-too-large`; `file-changed` when it differs from its
   * SHA-256 or length; `unreachable`, or `download-failed` when the connection breaks three times.
   * @throws RangeError when an option is out of range.
   */
  fetch(url: string | WebUrl, options?: FetchOptions): Promise<Uint8Array>;
  /**
   * As `fetch`, but the file stays in the store: its parts are read from there, and no copy of it is in
   * memory, unless it cannot be stored. A file that is removed from the store cannot be read any more.
   *
   * @param url The file's address, http or https.
   * @param options The SHA-256, a signal, headers and limits. Default: none.
   */
  open(url: string | WebUrl, options?: FetchOptions): Promise<WebBlob>;
  /**
   * A function from a path to the bytes of that file in a folder at a URL, undefined if the file
   * does not exist. `loadPipeline` takes such a function, and its `open` for large models. They throw
   * a RangeError for a path that leads out of the folder. For a model's page on huggingface.co the
   * folder is that of its files.
   *
   * @param url The folder's address, http or https.
   * @param options The SHA-256 of each file, a signal, headers and limits. Default: none.
   */
  folder(url: string | WebUrl, options?: FolderOptions): UrlFolder;
  /** All stored files, the last used first. */
  list(): Promise<KeptFile[]>;
  /**
   * Removes a file by its SHA-256 or its URL. Returns the bytes freed.
   *
   * @param sha256OrUrl What names the file.
   */
  evict(sha256OrUrl: string | WebUrl): Promise<number>;
  /** Removes everything. Returns the bytes freed. */
  clear(): Promise<number>;
}

const largest = 2 ** 31 - 1;
/** Milliseconds to wait for a server's next bytes. */
const defaultTimeout = 30_000;
const defaultAttempts = 3;

/**
 * Downloads model files and stores them: in a browser's cache, or in a folder in Node.
 *
 * @param options Limits, and where files are stored. Default: the user's cache, without a limit of
 * capacity.
 * @example
 * const files = modelFiles({ limit: 500e6, capacity: 2e9 });
 * const bytes = await files.fetch("https://example.com/unet/model.onnx", {
 *   onProgress: ({ loaded, total }) => console.log(loaded, total),
 * });
 *
 * @throws RangeError when `limit` or `capacity` is out of range.
 * @throws GenError `insecure-context` in a page without a secure context.
 */
export function modelFiles(options: ModelFilesOptions = {}): ModelFiles {
  const { capacity = Number.POSITIVE_INFINITY, name = "gen-models", onWarning = warn } = options;
  if (!(capacity >= 0)) throw refused("capacity", "at least 0 bytes", capacity);
  const defaultLimit = checkedLimit(options.limit ?? largest);
  const ownFolder = () => (inNode() ? (options.folder ?? defaultFolder()) : name);
  const location = options.store ? "" : ownFolder();
  const store = options.store ?? (inNode() ? folderStore(location) : cacheStore(location));
  const lenient = lruStore(ignoreFailures(store, onWarning), capacity);
  const strict = lruStore(store, capacity);
  const requested =
    <R>(share: ReturnType<typeof singleFlight<R>>, result: (fetched: Fetched) => R | Promise<R>) =>
    async (
      url: string | URL,
      { sha256, limit = defaultLimit, headers, ...options }: FetchOptions = {},
    ): Promise<R> => {
      const { timeout = defaultTimeout, attempts = defaultAttempts, ...caller } = options;
      const request = {
        url: checkedUrl(url).href,
        sha256: sha256 === undefined ? undefined : checkedSha256(sha256),
        limit: checkedLimit(limit),
        headers: checkedHeaders(headers),
        timeout: checkedCount("timeout", "number of milliseconds", timeout, largest),
        attempts: checkedCount("attempts", "number", attempts, 100),
      };
      return share(JSON.stringify(request), caller, async (signal, onProgress) =>
        result(await fetchFile(lenient, { ...request, signal, report: progressMeter(onProgress) })),
      );
    };

  const files: ModelFiles = {
    ...(location && { location }),
    fetch: requested(
      singleFlight((bytes) => bytes.slice()),
      ({ bytes }) => bytes,
    ),
    open: requested(
      singleFlight((blob) => blob),
      async ({ bytes, sha256 }) => {
        const { open } = lenient.files;
        const blob = (await open?.(sha256)) ?? new Blob([bytes as Uint8Array<ArrayBuffer>]);
        if (open) freeBytes(bytes);
        return blob;
      },
    ),
    folder: (url, folder = {}) => urlFolder(files, checkedUrl(url), folder),
    list: () => keptFiles(strict),
    async evict(sha256OrUrl) {
      const text = String(sha256OrUrl);
      return evict(strict, isSha256(text) ? text.toLowerCase() : checkedUrl(text).href);
    },
    clear: () => clear(strict),
  };
  return files;
}

const checkedLimit = (limit: number): number =>
  checkedCount("limit", "number of bytes", limit, largest);

function checkedCount(name: string, what: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw refused(name, `a whole ${what} in [1, ${most}]`, value);
}

/** What the request itself depends on is left out. */
function checkedHeaders(headers?: Readonly<Record<string, string>>): Record<string, string> {
  try {
    const own = /^(range|if-.*|accept-encoding)$/;
    return Object.fromEntries([...new Headers(headers)].filter(([name]) => !own.test(name)));
  } catch {
    // The reason may quote a key.
    throw new ArgumentError("headers must be an object of header names and values, in Latin-1");
  }
}

/** A relative URL is resolved against the page's. */
function checkedUrl(text: string | URL): URL {
  const { location } = globalThis as { location?: { href: string } };
  const base = location?.href;
  const url = URL.canParse(String(text), base) ? new URL(text, base) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    const masked = String(text)
      .slice(0, 100)
      .replace(/\/\/.*@|[?#].*/g, "...");
    throw refused("url", "an http or https URL", masked);
  }
  if (url.username || url.password) {
    throw new ArgumentError(
      `url must have no user name or password, got ${shownUrl(url.href)} with one: give headers.authorization`,
    );
  }
  url.hash = "";
  return url;
}

function warn(message: string): void {
  const { console } = globalThis;
  console?.warn(message);
}
