import { errorCode } from "@gen/math";
import { refused } from "@gen/math/arguments";
import type { FetchOptions, FileProgress } from "./fetch-options.ts";

/** Options of a folder at a URL. */
export interface FolderOptions extends Omit<FetchOptions, "sha256" | "onProgress"> {
  /** SHA-256 of each file by its path. If given, the folder has no other files. */
  readonly sha256?: Readonly<Record<string, string>>;
  readonly onProgress?: (progress: FileProgress & { readonly path: string }) => void;
}

/** The folder at `base`, see `ModelFiles.folder`. */
export function urlFolder(
  fetch: (url: URL, options: FetchOptions) => Promise<Uint8Array>,
  base: URL,
  { sha256, onProgress, ...rest }: FolderOptions,
) {
  return async (path: string): Promise<Uint8Array | undefined> => {
    const url = urlUnder(base, path);
    if (sha256 && !Object.hasOwn(sha256, path)) return undefined;
    try {
      return await fetch(url, {
        ...rest,
        sha256: sha256?.[path],
        onProgress: onProgress && ((progress) => onProgress({ path, ...progress })),
      });
    } catch (error) {
      if (errorCode(error) === "file-missing") return undefined;
      throw error;
    }
  };
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
