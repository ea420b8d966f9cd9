import { inNode } from "../in-node.ts";
import { cacheStore } from "./cache-store.ts";
import { clear, evict, type KeptFile, keptFiles } from "./contents.ts";
import { type FileStore, forgiving } from "./file-store.ts";
import { defaultFolder, folderStore } from "./folder-store.ts";
import { obtain } from "./obtain.ts";
import { type FileProgress, progressMeter } from "./progress.ts";
import { checkedSha256, isSha256 } from "./sha256.ts";
import { sharedCalls } from "./shared-calls.ts";
import { shelf } from "./shelf.ts";
import { type FolderOptions, urlFolder } from "./url-folder.ts";

/** Where model files are kept, and how many bytes they may take. */
export interface ModelFilesOptions {
  /** The largest file, in bytes; 2 GiB less one byte unless told, which is the most. */
  readonly limit?: number;
  /** Bytes of all files that are kept, the least recently used of which go first; no bound unless told. */
  readonly capacity?: number;
  /** In Node, the folder; a folder of the user's cache unless told. */
  readonly folder?: string;
  /** In a browser, the name of the cache; `gen-models` unless told. */
  readonly name?: string;
  /** A place of your own instead. */
  readonly store?: FileStore;
  /** Told when files cannot be kept, for example because the disk is full; `console.warn` unless told. */
  readonly onWarning?: (message: string) => void;
}

/** How to fetch one file. */
export interface FetchOptions {
  /** SHA-256 that the file must have, in hexadecimal; where it is kept already, nothing is asked of the server. */
  readonly sha256?: string;
  /** Stops within a chunk; what came is kept. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FileProgress) => void;
  /** The largest file, in bytes, where it is not that of all. */
  readonly limit?: number;
  /** Headers of the request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Files of models, fetched once and kept under their SHA-256. */
export interface ModelFiles {
  /**
   * The bytes of the file at an http or https URL: the kept ones where they have the SHA-256 given or
   * the server says that the file is still the same, or cannot be reached. They are hashed on every
   * load, and fetched again where they are damaged.
   * @throws ModelFileError when it is not there, too large, or not what its SHA-256 or length says, or
   * when the connection breaks for good; then, and after an abort, another call goes on from where this
   * one stopped, where the server can. RangeError on options.
   */
  fetch(url: string | URL, options?: FetchOptions): Promise<Uint8Array>;
  /**
   * A function from the paths of a folder at a URL to their files, undefined where one is not there,
   * such as `loadPipeline` takes. A path that leads out of the folder is a RangeError.
   */
  folder(
    url: string | URL,
    options?: FolderOptions,
  ): (path: string) => Promise<Uint8Array | undefined>;
  /** What is kept, last used first. */
  list(): Promise<KeptFile[]>;
  /** Removes a file by its SHA-256 or its URL; gives the bytes freed. */
  evict(sha256OrUrl: string | URL): Promise<number>;
  /** Removes everything; gives the bytes freed. */
  clear(): Promise<number>;
}

const largest = 2 ** 31 - 1;

/**
 * Model files in a browser's cache or, in Node, a folder.
 *
 * @example
 * const files = modelFiles({ limit: 500e6, capacity: 2e9 });
 * const bytes = await files.fetch("https://example.com/unet/model.onnx", {
 *   onProgress: ({ loaded, total }) => console.log(loaded, total),
 * });
 *
 * @throws RangeError on a size that is none, ModelFileError in a page that has no secure context.
 */
export function modelFiles(options: ModelFilesOptions = {}): ModelFiles {
  const { capacity = Number.POSITIVE_INFINITY, name = "gen-models", onWarning = warn } = options;
  if (!(capacity >= 0)) throw new RangeError(`capacity must be at least 0 bytes, got ${capacity}`);
  const limitOfAll = checkedLimit(options.limit ?? largest);
  const store =
    options.store ?? (inNode() ? folderStore(options.folder ?? defaultFolder()) : cacheStore(name));
  const kept = shelf(forgiving(store, onWarning), capacity);
  const strict = shelf(store, capacity);
  const share = sharedCalls<Uint8Array, FileProgress>((bytes) => bytes.slice());

  const files: ModelFiles = {
    async fetch(url, { sha256, limit = limitOfAll, headers, ...caller } = {}) {
      const wanted = {
        url: checkedUrl(url).href,
        sha256: sha256 === undefined ? undefined : checkedSha256(sha256),
        limit: checkedLimit(limit),
        headers,
      };
      return share(JSON.stringify(wanted), caller, (signal, tell) =>
        obtain(kept, { ...wanted, signal, report: progressMeter(tell) }),
      );
    },
    folder: (url, folder = {}) => urlFolder(files, checkedUrl(url), folder),
    list: () => keptFiles(strict),
    async evict(which) {
      const text = String(which);
      if (isSha256(text)) return evict(strict, { sha256: text.toLowerCase() });
      return evict(strict, { url: checkedUrl(which).href });
    },
    clear: () => clear(strict),
  };
  return files;
}

function checkedLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= largest) return limit;
  throw new RangeError(`limit must be a whole number of bytes in [1, ${largest}], got ${limit}`);
}

/** Relative URLs are those of the page. */
function checkedUrl(text: string | URL): URL {
  const { location } = globalThis as { location?: { href: string } };
  const base = location?.href;
  const url = URL.canParse(String(text), base) ? new URL(text, base) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new RangeError(`url must be an http or https URL, got ${text}`);
  }
  url.hash = "";
  return url;
}

function warn(message: string): void {
  const { console } = globalThis as { console?: { warn(message: string): void } };
  console?.warn(message);
}
