import { errorCode } from "@gen/math";
import { refused } from "@gen/math/arguments";
import type { FetchOptions, FileProgress } from "./fetch-options.ts";
import { type RangedFile, rangedFile } from "./ranged-file.ts";
import type { WebBlob, WebUrl } from "./web-types.ts";

/** Options of a folder at a URL. */
export interface FolderOptions extends Omit<FetchOptions, "sha256" | "onProgress"> {
  /**
   * SHA-256 of each file by its path. If given, the folder has no other files.
   * @defaultValue none
   */
  readonly sha256?: Readonly<Record<string, string>>;
  /**
   * Called as bytes of a file arrive.
   *
   * @param progress How much of the file has been loaded.
   * @defaultValue none
   */
  readonly onProgress?: (
    progress: FileProgress & {
      /** The file's path in the folder. */
      readonly path: string;
    },
  ) => void;
}

type Get<R> = (url: WebUrl, options: FetchOptions) => Promise<R>;

/** Reads and opens files of a folder, see `ModelFiles.folder`. */
export interface UrlFolder {
  /**
   * The bytes of a file; undefined if it does not exist.
   *
   * @param path The path in the folder, with slashes.
   */
  (path: string): Promise<Uint8Array | undefined>;
  /**
   * A file that is read in parts, see `ModelFiles.open`.
   *
   * @param path The path in the folder, with slashes.
   */
  open(path: string): Promise<WebBlob | undefined>;
  /**
   * A file of which only the parts that are read are requested, such as the headers of a model. Nothing
   * of it is stored. The server must answer `HEAD` and `range`.
   *
   * @param path The path in the folder, with slashes.
   * @throws GenError `download-failed` when the server does neither; `unreachable`.
   */
  parts(path: string): Promise<RangedFile | undefined>;
}

/** The files of a model's page on the Hugging Face hub, of its main revision or of that of the page. */
function hubFiles(url: URL): URL {
  const page = /^\/([^/]+\/[^/]+)(?:\/tree\/(.+?))?\/?$/.exec(url.pathname);
  if (url.origin !== "https://huggingface.co" || !page) return url;
  const files = new URL(url);
  files.pathname = `/${page[1]}/resolve/${page[2] ?? "main"}`;
  return files;
}

/** The folder at `base`. */
export function urlFolder(
  files: { readonly fetch: Get<Uint8Array>; readonly open: Get<WebBlob> },
  base: WebUrl,
  { sha256, onProgress, ...rest }: FolderOptions,
): UrlFolder {
  const folder = hubFiles(base);
  const file =
    <R>(get: Get<R>) =>
    async (path: string): Promise<R | undefined> => {
      const url = urlUnder(folder, path);
      if (sha256 && !Object.hasOwn(sha256, path)) return undefined;
      try {
        return await get(url, {
          ...rest,
          sha256: sha256?.[path],
          onProgress: onProgress && ((progress) => onProgress({ path, ...progress })),
        });
      } catch (error) {
        if (errorCode(error) === "file-missing") return undefined;
        throw error;
      }
    };
  const parts = async (path: string): Promise<RangedFile | undefined> => {
    const url = urlUnder(folder, path);
    return sha256 && !Object.hasOwn(sha256, path) ? undefined : rangedFile(url.href, rest);
  };
  return Object.assign(file(files.fetch), { open: file(files.open), parts });
}

/** @throws RangeError when the path leads out of the folder. */
function urlUnder(base: URL, path: string): URL {
  const parts = String(path).split("/");
  const leaves = parts.some((part) => ["", ".", ".."].includes(part));
  if (leaves || path.includes("\\") || /\p{Surrogate}/u.test(path)) {
    throw refused("path", "relative and stay in its folder", path);
  }
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, "")}/${parts.map(encodeURIComponent).join("/")}`;
  return url;
}
