import { errorCode, GenError } from "@gen/math";
import { keepContent, linkOf, loadContent } from "./contents.ts";
import { download } from "./download.ts";
import type { FileRequest } from "./file-request.ts";
import type { LruStore } from "./lru-store.ts";
import { partialDownload } from "./partial-download.ts";
import { shownUrl } from "./send.ts";
import { sha256Of } from "./sha256.ts";

/** The file at a URL: the stored one if it is current, otherwise downloaded and stored. */
export async function fetchFile(store: LruStore, file: FileRequest): Promise<Uint8Array> {
  const { url, sha256, limit } = file;
  const report = (bytes: Uint8Array): Uint8Array => {
    file.report(bytes.length, bytes.length);
    return bytes;
  };
  const pinned = sha256 && (await loadContent(store, sha256, limit));
  if (pinned) return report(pinned);

  const link = sha256 ? undefined : await linkOf(store, url);
  // If the stored file is over the limit, the server's current one may still fit.
  const stored = link && (await loadContent(store, link.sha256, limit).catch(() => undefined));
  const partial = await partialDownload(store, url, sha256);
  try {
    const known = stored && link;
    for (;;) {
      const downloaded = await download({ ...file, known }, partial).catch((error) => {
        if (stored && errorCode(error) === "unreachable") return undefined;
        throw error;
      });
      if (!downloaded) return report(stored as Uint8Array);
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
      return bytes;
    }
  } finally {
    partial.release();
  }
}
