import { GenError } from "@gen/math";
import type { LruStore } from "./lru-store.ts";
import { isSha256, sha256Of } from "./sha256.ts";
import { type Version, versionFrom } from "./version.ts";

/** A stored file, or the part of one that arrived before its download stopped. */
export interface KeptFile {
  /** SHA-256 of the content; undefined if only a part of the file is stored. */
  readonly sha256?: string;
  /** The URLs that the file came from. */
  readonly urls: readonly string[];
  readonly bytes: number;
  readonly lastUsed: Date;
}

/** The content that a URL gave when it was last downloaded. */
export interface Link extends Version {
  readonly sha256: string;
}

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
    if (size === undefined) return undefined;
    if (size > limit) {
      throw new GenError(
        "file-too-large",
        `the file of SHA-256 ${sha256} has ${size} bytes, at most ${limit} are allowed`,
      );
    }
    const bytes = await files.read(sha256);
    if (!bytes) return undefined;
    if ((await sha256Of(bytes)) !== sha256) {
      await remove(sha256);
      return undefined;
    }
    await touch(sha256);
    return bytes;
  } finally {
    unpin();
  }
}

/** Stores a content if the capacity allows. */
export async function keepContent(
  store: LruStore,
  sha256: string,
  bytes: Uint8Array,
): Promise<void> {
  const unpin = store.pin(sha256);
  try {
    if (await store.put(sha256, bytes)) await store.touch(sha256);
  } finally {
    unpin();
  }
}

const linkName = async (url: string): Promise<string> => `${await sha256Of(url)}.url`;

/** The content that `url` gave last. */
export async function linkOf(store: LruStore, url: string): Promise<Link | undefined> {
  const stored = await store.readJson(await linkName(url));
  if (typeof stored?.sha256 !== "string" || !isSha256(stored.sha256)) return undefined;
  return { ...versionFrom(stored), sha256: stored.sha256 };
}

export async function keepLink(store: LruStore, url: string, link: Link): Promise<void> {
  await store.writeJson(await linkName(url), { url, ...link });
}

/** All stored files, the last used first. */
export async function keptFiles(store: LruStore): Promise<KeptFile[]> {
  const entries = await store.entries();
  const urls = new Map<string, string[]>();
  for (const { url, hash } of await links(store)) urls.set(hash, [...(urls.get(hash) ?? []), url]);
  return [...entries]
    .map(([hash, { bytes, used, sizes }]) => ({
      sha256: sizes.has(hash) ? hash : undefined,
      urls: (urls.get(hash) ?? []).sort(),
      bytes,
      lastUsed: new Date(used),
    }))
    .sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/**
 * Removes the content with a hash, or the content and the unfinished download of a URL. A content
 * that another URL gave too stays. Returns the bytes freed.
 */
export async function evict(store: LruStore, which: { sha256?: string; url?: string }) {
  const all = await links(store);
  const evicted = all.filter(({ hash, url }) => hash === which.sha256 || url === which.url);
  for (const { name } of evicted) await store.files.remove(name);
  const left = new Set(all.filter((each) => !evicted.includes(each)).map(({ hash }) => hash));
  const hashes = new Set(which.sha256 ? [which.sha256] : evicted.map(({ hash }) => hash));
  let freed = 0;
  for (const hash of hashes) if (!left.has(hash)) freed += await store.remove(hash);
  return freed;
}

/** Removes everything. Returns the bytes freed. */
export async function clear({ files, entries }: LruStore): Promise<number> {
  const removed = await entries();
  for (const name of (await files.sizes()).keys()) await files.remove(name);
  return [...removed.values()].reduce((freed, { bytes }) => freed + bytes, 0);
}

/** Every record of a URL, with the hash under which its content or its pieces lie. */
async function links(store: LruStore): Promise<{ name: string; url: string; hash: string }[]> {
  const found: { name: string; url: string; hash: string }[] = [];
  for (const name of (await store.files.sizes()).keys()) {
    const key = { ".url": "sha256", ".part": "hash" }[name.slice(64)];
    if (!key) continue;
    const record = await store.readJson(name);
    if (record) found.push({ name, url: String(record.url), hash: String(record[key]) });
  }
  return found;
}
