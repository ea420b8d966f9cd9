import type { GrowingBytes } from "./growing-bytes.ts";
import type { LruStore } from "./lru-store.ts";
import { isSha256, sha256Of } from "./sha256.ts";
import { type Version, validatorOf, versionFrom } from "./version.ts";

// Small enough that a crash loses little, large enough that files of usual size are few pieces.
const pieceSize = 2 ** 22;

/** The part of a download that has arrived, stored so that a later call can continue from there. */
export interface PartialDownload {
  /** Appends what an earlier call stored to `bytes`. Returns the version of those bytes. */
  load(bytes: GrowingBytes): Promise<Version>;
  /** States the version of the bytes that follow. Pieces of another version are removed. */
  begin(version: Version): Promise<void>;
  /** Stores the full pieces of `bytes`; with `all`, the last one too. */
  save(bytes: GrowingBytes, all?: boolean): Promise<void>;
  remove(): Promise<void>;
  /** Call it when the download is over. */
  release(): void;
}

/** The name of the record of an unfinished download of a URL. */
const recordName = async (url: string): Promise<string> => `${await sha256Of(url)}.part`;

/**
 * The unfinished download of `url`. Its pieces are stored under a hash of the URL and its version,
 * so all processes that write there write the same bytes. Versions that cannot be told apart are
 * not stored.
 */
export async function partialDownload(
  store: LruStore,
  url: string,
  sha256 = "",
): Promise<PartialDownload> {
  const record = await recordName(url);
  let hash = "";
  let storable = false;
  let saved = 0;
  let unpin = (): void => undefined;

  const pin = (next: string): void => {
    unpin();
    hash = next;
    unpin = store.pin(hash);
  };

  return {
    async load(bytes) {
      const stored = await store.readJson(record);
      if (!stored || typeof stored.hash !== "string" || !isSha256(stored.hash)) return {};
      if (stored.sha256 !== sha256) return {};
      pin(stored.hash);
      storable = true;
      const version = versionFrom(stored);
      bytes.reserve(version.total ?? 0);
      for (let i = 0; ; i++) {
        const piece = await store.files.read(`${hash}.${i}`);
        // An earlier, longer attempt may have left pieces after one that is not full.
        const fits = piece && piece.length <= pieceSize && bytes.add(piece);
        if (!fits || piece.length < pieceSize) return version;
        saved = i + 1;
      }
    },
    async begin(version) {
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
    async save(bytes, all = false) {
      const full = Math.floor(bytes.length / pieceSize);
      const end = all ? Math.ceil(bytes.length / pieceSize) : full;
      while (storable && saved < end) {
        const piece = bytes.view(saved * pieceSize, (saved + 1) * pieceSize);
        const to = Math.min(bytes.length - saved * pieceSize, pieceSize);
        storable = await store.put(`${hash}.${saved}`, piece.slice(0, to));
        if (storable) await store.touch(hash);
        saved++;
      }
    },
    async remove() {
      if (hash) await store.remove(hash);
      await store.files.remove(record);
      saved = 0;
    },
    release: () => unpin(),
  };
}
