import type { Version } from "./file-request.ts";
import { freeBytes, type GrowingBytes } from "./growing-bytes.ts";
import type { LruStore } from "./lru-store.ts";
import { validatorOf, versionFrom } from "./request.ts";
import { isSha256, sha256Of } from "./sha256.ts";

// A crash loses at most one piece, and most files are few pieces.
const pieceSize = 2 ** 22;

/** The part of a download that has arrived, stored so that a later call can continue from there. */
export type PartialDownload = Awaited<ReturnType<typeof partialDownload>>;

/**
 * The unfinished download of `url`. Its pieces are stored under a hash of the URL and its version,
 * so all processes that write there write the same bytes. Versions that cannot be told apart are
 * not stored.
 */
export async function partialDownload(store: LruStore, url: string, sha256 = "") {
  const record = `${await sha256Of(url)}.part`;
  let hash = "";
  let storable = false;
  let saved = 0;
  let unpin = () => {};

  const pin = (next: string): void => {
    unpin();
    hash = next;
    unpin = store.pin(hash);
  };

  return {
    /** Appends what an earlier call stored to `bytes`. Returns the version of those bytes. */
    async load(bytes: GrowingBytes): Promise<Version> {
      const stored = await store.readJson(record);
      const storedHash = String(stored?.hash);
      if (stored?.sha256 !== sha256 || !isSha256(storedHash)) return {};
      pin(storedHash);
      storable = true;
      const version = versionFrom(stored);
      bytes.expect(version.total ?? 0);
      for (;;) {
        const piece = await store.files.read(`${hash}.${saved}`);
        // An earlier, longer attempt may have left pieces after one that is not full.
        const fits = piece && piece.length <= pieceSize && bytes.add(piece);
        if (!fits || piece.length < pieceSize) return version;
        saved++;
      }
    },
    /** States the version of the bytes that follow. Pieces of another version are removed. */
    async begin(version: Version): Promise<void> {
      const validator = validatorOf(version);
      const next = await sha256Of(JSON.stringify([url, sha256, validator]));
      const before = (await store.readJson(record))?.hash;
      if (typeof before === "string" && before !== next) await store.remove(before);
      pin(next);
      saved = 0;
      storable = (validator ?? sha256) !== "" && (version.total ?? 0) <= store.capacity;
      if (!storable) return store.files.remove(record);
      return store.writeJson(record, { url, sha256, hash, ...version });
    },
    /** Stores the full pieces of `bytes`; with `all`, the last one too. */
    async save(bytes: GrowingBytes, all = false): Promise<void> {
      const end = (all ? Math.ceil : Math.floor)(bytes.length / pieceSize);
      while (storable && saved < end) {
        const from = saved * pieceSize;
        const piece = bytes.view(from, Math.min(from + pieceSize, bytes.length)).slice();
        storable = await store.put(`${hash}.${saved}`, piece);
        if (store.files.open) freeBytes(piece);
        saved++;
      }
    },
    async remove(): Promise<void> {
      if (hash) await store.remove(hash);
      await store.files.remove(record);
      saved = 0;
    },
    /** Call it when the download is over. */
    release: () => unpin(),
  };
}
