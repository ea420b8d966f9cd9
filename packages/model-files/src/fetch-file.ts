import { errorCode, GenError } from "@gen/math";
import { isAbsent, keepAbsence, keepContent, linkOf, loadContent } from "./contents.ts";
import { download } from "./download.ts";
import type { FileRequest } from "./file-request.ts";
import { freeBytes } from "./growing-bytes.ts";
import type { LruStore } from "./lru-store.ts";
import { partialDownload } from "./partial-download.ts";
import { shownUrl } from "./send.ts";
import { sha256Of } from "./sha256.ts";

/** The bytes of a file, and their SHA-256. */
export interface Fetched {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** The file at a URL: the stored one if it is current, otherwise downloaded and stored. */
export async function fetchFile(
  store: LruStore,
  file: Omit<FileRequest, "known" | "onChanged">,
): Promise<Fetched> {
  const { url, sha256, limit } = file;
  const report = (bytes: Uint8Array, sha256: string): Fetched => {
    file.report(bytes.length, bytes.length);
    return { bytes, sha256 };
  };
  const pinned = sha256 && (await loadContent(store, sha256, limit));
  if (pinned) return report(pinned, sha256);

  const link = sha256 ? undefined : await linkOf(store, url);
  // If the stored file is over the limit, the server's current one may still fit.
  const load = async () =>
    link && (await loadContent(store, link.sha256, limit).catch(() => undefined));
  let stored = await load();
  // No two files are in memory.
  const onChanged = () => {
    if (stored && store.files.open) freeBytes(stored);
    stored = undefined;
  };
  const partial = await partialDownload(store, url, sha256);
  try {
    const absent = !stored && !sha256 && (await isAbsent(store, url));
    const known = absent ? {} : stored && link;
    for (;;) {
      const downloaded = await download({ ...file, known, onChanged }, partial).catch(
        async (error) => {
          const code = errorCode(error);
          if (known && code === "unreachable") stored ??= await load();
          if (stored && code === "unreachable") return undefined;
          if (code === "file-missing" && !sha256 && !absent) await keepAbsence(store, url);
          if (!absent || code !== "unreachable") throw error;
          const message = `${error.message}, and had no such file before`;
          throw new GenError("file-missing", message, { cause: error });
        },
      );
      if (!downloaded) return report(stored as Uint8Array, (link as Fetched).sha256);
      const { bytes, version, resumed } = downloaded;
      await partial.remove();
      const found = await sha256Of(bytes);
      if (sha256 && found !== sha256) {
        // The first part may belong to another version: download once more, from the start.
        if (resumed) continue;
        throw new GenError(
          "file-changed",
          `${shownUrl(url)} has SHA-256 ${found}, not ${sha256}: it is not stored`,
        );
      }
      await keepContent(store, url, bytes, { ...version, sha256: found });
      return { bytes, sha256: found };
    }
  } finally {
    partial.release();
  }
}
