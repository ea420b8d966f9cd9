import { type AskOptions, UnreachableError } from "./ask.ts";
import { keepContent, keepLink, linkOf, loadContent } from "./contents.ts";
import { download } from "./download.ts";
import { ModelFileError } from "./model-file-error.ts";
import { piecesOf } from "./pieces.ts";
import { sha256Of } from "./sha256.ts";
import type { Shelf } from "./shelf.ts";

/** What to obtain, and whom to tell. */
export interface ObtainOptions extends Omit<AskOptions, "known"> {
  readonly report: (loaded: number, total?: number) => void;
}

/** The file at a URL, kept or downloaded and then kept. */
export async function obtain(shelf: Shelf, options: ObtainOptions): Promise<Uint8Array> {
  const { url, sha256, limit, report } = options;
  const give = (bytes: Uint8Array): Uint8Array => {
    report(bytes.length, bytes.length);
    return bytes;
  };
  const exactly = sha256 && (await loadContent(shelf, sha256, limit));
  if (exactly) return give(exactly);

  const link = sha256 ? undefined : await linkOf(shelf, url);
  // The server's may have become small enough.
  const here = link && (await loadContent(shelf, link.sha256, limit).catch(() => undefined));
  const pieces = await piecesOf(shelf, url, sha256);
  try {
    for (;;) {
      const got = await download({ ...options, known: here && link, pieces }).catch((error) => {
        if (here && error instanceof UnreachableError) return undefined;
        throw error;
      });
      if (here && !got) return give(here);
      if (!got) throw new ModelFileError(`${url} did not come`);
      await pieces.remove();
      const found = await sha256Of(got.bytes);
      if (sha256 && found !== sha256) {
        // Its beginning may be of another version: once more, from the start.
        if (got.resumed) continue;
        throw new ModelFileError(`${url} has SHA-256 ${found}, not ${sha256}: it is not kept`);
      }
      await keepContent(shelf, found, got.bytes);
      await keepLink(shelf, url, { ...got.version, sha256: found });
      return got.bytes;
    }
  } finally {
    pieces.release();
  }
}
