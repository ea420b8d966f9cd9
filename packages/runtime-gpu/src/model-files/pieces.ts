import type { GrowingBytes } from "./growing-bytes.ts";
import { isSha256, sha256Of } from "./sha256.ts";
import type { Shelf } from "./shelf.ts";
import { type Version, validatorOf, versionFrom } from "./version.ts";

// Small enough that a crash loses little, large enough that files of usual size are few pieces.
const pieceSize = 2 ** 22;

/** The part of a download that has come so far, kept so that a later call can go on from there. */
export interface Pieces {
  /** Adds what an earlier call kept to `bytes`, and gives the version that it is of. */
  load(bytes: GrowingBytes): Promise<Version>;
  /** Tells of what version the bytes are that come next; pieces of another are removed. */
  begin(version: Version): Promise<void>;
  /** Keeps the pieces that are full, with `all` the last one too. */
  save(bytes: GrowingBytes, all?: boolean): Promise<void>;
  remove(): Promise<void>;
  /** To be called when the download is over. */
  release(): void;
}

/** The record of an unfinished download of a URL. */
const partName = async (url: string): Promise<string> => `${await sha256Of(url)}.part`;

/**
 * The pieces of `url`, which lie under a hash of the URL and its version: whoever writes there, in
 * whatever process, writes the same bytes. So only versions that can be told apart are kept.
 */
export async function piecesOf(shelf: Shelf, url: string, sha256 = ""): Promise<Pieces> {
  const record = await partName(url);
  let hash = "";
  let keeps = false;
  let saved = 0;
  let release = (): void => undefined;

  const use = (next: string): void => {
    release();
    hash = next;
    release = shelf.hold(hash);
  };

  return {
    async load(bytes) {
      const kept = await shelf.readJson(record);
      if (!kept || typeof kept.hash !== "string" || !isSha256(kept.hash)) return {};
      if (kept.sha256 !== sha256) return {};
      use(kept.hash);
      keeps = true;
      const version = versionFrom(kept);
      bytes.reserve(version.total ?? 0);
      for (let i = 0; ; i++) {
        const piece = await shelf.store.read(`${hash}.${i}`);
        // After one that is not full there may be others, of a longer attempt that was longer ago.
        const fits = piece && piece.length <= pieceSize && bytes.add(piece);
        if (!fits || piece.length < pieceSize) return version;
        saved = i + 1;
      }
    },
    async begin(version) {
      const validator = validatorOf(version);
      const next = await sha256Of(JSON.stringify([url, sha256, validator]));
      const before = (await shelf.readJson(record))?.hash;
      if (typeof before === "string" && before !== next) await shelf.remove(before);
      use(next);
      saved = 0;
      keeps = (validator ?? sha256) !== "" && (version.total ?? 0) <= shelf.capacity;
      if (!keeps) return shelf.store.remove(record);
      return shelf.writeJson(record, { url, sha256, hash, ...version });
    },
    async save(bytes, all = false) {
      const full = Math.floor(bytes.length / pieceSize);
      const end = all ? Math.ceil(bytes.length / pieceSize) : full;
      while (keeps && saved < end) {
        const piece = bytes.view(saved * pieceSize, (saved + 1) * pieceSize);
        const to = Math.min(bytes.length - saved * pieceSize, pieceSize);
        keeps = await shelf.put(`${hash}.${saved}`, piece.slice(0, to));
        if (keeps) await shelf.touch(hash);
        saved++;
      }
    },
    async remove() {
      if (hash) await shelf.remove(hash);
      await shelf.store.remove(record);
      saved = 0;
    },
    release: () => release(),
  };
}
