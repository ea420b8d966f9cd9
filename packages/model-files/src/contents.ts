import type { Version } from "./file-request.ts";
import type { LruStore } from "./lru-store.ts";
import { checkSize, versionFrom } from "./request.ts";
import { isSha256, sha256Of } from "./sha256.ts";

/** A stored file, or the part of one that arrived before its download stopped. */
export interface KeptFile {
  /** SHA-256 of the content; undefined if only a part of the file is stored. */
  readonly sha256?: string;
  /** The URLs that the file came from. */
  readonly urls: readonly string[];
  /** How many bytes are stored. */
  readonly bytes: number;
  /** When the file was loaded last. */
  readonly lastUsed: Date;
}

/** The content that a URL gave when it was last downloaded. */
type Link = Version & { readonly sha256: string };

/**
 * The content with a hash, verified; undefined if it is not stored. A damaged content is removed.
 * @throws GenError `file-too-large` when it has more than `limit` bytes.
 */
export async function loadContent(
  { files, pin, remove, touch }: LruStore,
  sha256: string,
  limit: number,
): Promise<Uint8Array | undefined> {
  const unpin = pin(sha256);
  try {
    const size = (await files.sizes()).get(sha256);
    checkSize(`the file of SHA-256 ${sha256}`, size, limit);
    const bytes = size === undefined ? undefined : await files.read(sha256);
    const sound = bytes && (await sha256Of(bytes)) === sha256;
    if (bytes) await (sound ? touch : remove)(sha256);
    return sound ? bytes : undefined;
  } finally {
    unpin();
  }
}

const linkName = async (url: string): Promise<string> => `${await sha256Of(url)}.url`;

/** Stores the content that `url` gave, if the capacity allows, and a link from the URL to it. */
export async function keepContent(store: LruStore, url: string, bytes: Uint8Array, link: Link) {
  await store.put(link.sha256, bytes);
  await store.writeJson(await linkName(url), { url, ...link });
  await store.files.remove(await absenceName(url));
}

const absenceName = async (url: string): Promise<string> => `${await sha256Of(url)}.none`;

/** Records that the server had no file at `url`. */
export const keepAbsence = async ({ writeJson }: LruStore, url: string): Promise<void> =>
  writeJson(await absenceName(url), { url });

/** Whether the server had no file at `url` when it was asked last. */
export const isAbsent = async ({ readJson }: LruStore, url: string): Promise<boolean> =>
  (await readJson(await absenceName(url))) !== undefined;

/** The content that `url` gave last. */
export async function linkOf({ readJson }: LruStore, url: string): Promise<Link | undefined> {
  const stored = await readJson(await linkName(url));
  if (typeof stored?.sha256 !== "string" || !isSha256(stored.sha256)) return undefined;
  return { ...versionFrom(stored), sha256: stored.sha256 };
}

/** All stored files, the last used first. */
export async function keptFiles(store: LruStore): Promise<KeptFile[]> {
  const all = await links(store);
  const urlsOf = (hash: string) => all.filter((link) => link.hash === hash).map(({ url }) => url);
  return (await store.entries())
    .sort((a, b) => b.used - a.used)
    .map(({ hash, bytes, used, sizes }) => ({
      sha256: sizes.has(hash) ? hash : undefined,
      urls: urlsOf(hash).sort(),
      bytes,
      lastUsed: new Date(used),
    }));
}

/**
 * Removes the content with a hash, or the content and the unfinished download of a URL. A content
 * that another URL gave too stays. Returns the bytes freed.
 */
export async function evict(store: LruStore, hashOrUrl: string): Promise<number> {
  const all = await links(store);
  const evicted = all.filter(({ hash, url }) => hash === hashOrUrl || url === hashOrUrl);
  for (const { name } of evicted) await store.files.remove(name);
  const left = new Set(all.filter((each) => !evicted.includes(each)).map(({ hash }) => hash));
  let freed = 0;
  for (const hash of new Set([hashOrUrl, ...evicted.map(({ hash }) => hash)])) {
    if (!left.has(hash)) freed += await store.remove(hash);
  }
  return freed;
}

/** Removes everything. Returns the bytes freed. */
export async function clear({ files, entries }: LruStore): Promise<number> {
  const removed = await entries();
  for (const name of (await files.sizes()).keys()) await files.remove(name);
  return removed.reduce((freed, { bytes }) => freed + bytes, 0);
}

/** The record of each URL, with the hash under which the content or the pieces are stored. */
async function links({ files, readJson }: LruStore) {
  const found: { name: string; url: string; hash: string }[] = [];
  for (const name of (await files.sizes()).keys()) {
    const key = { ".url": "sha256", ".part": "hash", ".none": "hash" }[name.slice(64)];
    const record = key && (await readJson(name));
    if (record) found.push({ name, url: String(record.url), hash: String(record[key]) });
  }
  return found;
}
