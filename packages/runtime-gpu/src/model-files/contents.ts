import { ModelFileError } from "./model-file-error.ts";
import { isSha256, sha256Of } from "./sha256.ts";
import type { Shelf } from "./shelf.ts";
import { type Version, versionFrom } from "./version.ts";

/** A file that is kept, or the part of one that came before its download stopped. */
export interface KeptFile {
  /** Of the content; undefined where only a part of it is here. */
  readonly sha256?: string;
  /** Where it came from. */
  readonly urls: readonly string[];
  readonly bytes: number;
  readonly lastUsed: Date;
}

/** What a URL gave when it was last downloaded. */
export interface Link extends Version {
  readonly sha256: string;
}

/**
 * A content by its hash, checked; undefined where there is none. A damaged one is removed.
 * @throws ModelFileError when it has more than `limit` bytes.
 */
export async function loadContent(
  { store, hold, remove, touch }: Shelf,
  sha256: string,
  limit: number,
): Promise<Uint8Array | undefined> {
  const release = hold(sha256);
  try {
    const size = (await store.sizes()).get(sha256);
    if (size === undefined) return undefined;
    if (size > limit) {
      throw new ModelFileError(
        `the file of SHA-256 ${sha256} has ${size} bytes, at most ${limit} are allowed`,
      );
    }
    const bytes = await store.read(sha256);
    if (!bytes) return undefined;
    if ((await sha256Of(bytes)) !== sha256) {
      await remove(sha256);
      return undefined;
    }
    await touch(sha256);
    return bytes;
  } finally {
    release();
  }
}

/** Keeps a content where the capacity allows. */
export async function keepContent(shelf: Shelf, sha256: string, bytes: Uint8Array): Promise<void> {
  const release = shelf.hold(sha256);
  try {
    if (await shelf.put(sha256, bytes)) await shelf.touch(sha256);
  } finally {
    release();
  }
}

const linkName = async (url: string): Promise<string> => `${await sha256Of(url)}.url`;

/** What `url` gave last. */
export async function linkOf(shelf: Shelf, url: string): Promise<Link | undefined> {
  const kept = await shelf.readJson(await linkName(url));
  if (typeof kept?.sha256 !== "string" || !isSha256(kept.sha256)) return undefined;
  return { ...versionFrom(kept), sha256: kept.sha256 };
}

export async function keepLink(shelf: Shelf, url: string, link: Link): Promise<void> {
  await shelf.writeJson(await linkName(url), { url, ...link });
}

/** All that is kept, last used first. */
export async function keptFiles(shelf: Shelf): Promise<KeptFile[]> {
  const held = await shelf.held();
  const urls = new Map<string, string[]>();
  for (const { url, hash } of await links(shelf)) urls.set(hash, [...(urls.get(hash) ?? []), url]);
  return [...held]
    .map(([hash, { bytes, used, sizes }]) => ({
      sha256: sizes.has(hash) ? hash : undefined,
      urls: (urls.get(hash) ?? []).sort(),
      bytes,
      lastUsed: new Date(used),
    }))
    .sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/**
 * Removes a content by its hash, or what a URL gave and the part that came of it; a content that
 * another URL gave too stays. Gives the bytes freed.
 */
export async function evict(shelf: Shelf, which: { sha256?: string; url?: string }) {
  const all = await links(shelf);
  const going = all.filter(({ hash, url }) => hash === which.sha256 || url === which.url);
  for (const { name } of going) await shelf.store.remove(name);
  const left = new Set(all.filter((each) => !going.includes(each)).map(({ hash }) => hash));
  const hashes = new Set(which.sha256 ? [which.sha256] : going.map(({ hash }) => hash));
  let freed = 0;
  for (const hash of hashes) if (!left.has(hash)) freed += await shelf.remove(hash);
  return freed;
}

/** Removes everything, and gives the bytes freed. */
export async function clear(shelf: Shelf): Promise<number> {
  const held = await shelf.held();
  for (const name of (await shelf.store.sizes()).keys()) await shelf.store.remove(name);
  return [...held.values()].reduce((freed, { bytes }) => freed + bytes, 0);
}

/** Every record of a URL: the hash under which lies what came from there. */
async function links(shelf: Shelf): Promise<{ name: string; url: string; hash: string }[]> {
  const found: { name: string; url: string; hash: string }[] = [];
  for (const name of (await shelf.store.sizes()).keys()) {
    const key = { ".url": "sha256", ".part": "hash" }[name.slice(64)];
    if (!key) continue;
    const kept = await shelf.readJson(name);
    if (kept) found.push({ name, url: String(kept.url), hash: String(kept[key]) });
  }
  return found;
}
