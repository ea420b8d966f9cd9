import { errorCode, GenError } from "@gen/math";
import { keepContent, keepLink, linkOf, loadContent } from "./contents.ts";
import { download } from "./download.ts";
import type { LruStore } from "./lru-store.ts";
import { partialDownload } from "./partial-download.ts";
import type { RequestOptions } from "./request.ts";
import { sha256Of } from "./sha256.ts";

/** Which file to fetch, and where to report progress. */
export interface FetchFileOptions extends Omit<RequestOptions, "known"> {
  readonly report: (loaded: number, total?: number) => void;
}

/** The file at a URL: the stored one if it is current, otherwise downloaded and stored. */
export async function fetchFile(store: LruStore, options: FetchFileOptions): Promise<Uint8Array> {
  const { url, sha256, limit, report } = options;
  const reported = (bytes: Uint8Array): Uint8Array => {
    report(bytes.length, bytes.length);
    return bytes;
  };
  const pinned = sha256 && (await loadContent(store, sha256, limit));
  if (pinned) return reported(pinned);

  const link = sha256 ? undefined : await linkOf(store, url);
  // If the stored file is over the limit, the server's current one may still fit.
  const stored = link && (await loadContent(store, link.sha256, limit).catch(() => undefined));
  const partial = await partialDownload(store, url, sha256);
  try {
    for (;;) {
      const known = stored && link;
      const downloaded = await download({ ...options, known, partial }).catch((error) => {
        if (stored && errorCode(error) === "unreachable") return undefined;
        throw error;
      });
      if (stored && !downloaded) return reported(stored);
      if (!downloaded) throw new GenError("download-failed", `${url} did not come`);
      await partial.remove();
      const found = await sha256Of(downloaded.bytes);
      if (sha256 && found !== sha256) {
        // The first part may belong to another version: download once more, from the start.
        if (downloaded.resumed) continue;
        throw new GenError(
          "file-changed",
          `${url} has SHA-256 ${found}, not ${sha256}: it is not kept`,
        );
      }
      await keepContent(store, found, downloaded.bytes);
      await keepLink(store, url, { ...downloaded.version, sha256: found });
      return downloaded.bytes;
    }
  } finally {
    partial.release();
  }
}
