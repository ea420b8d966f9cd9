import type { FileStore } from "./file-store.ts";

export type LruStore = ReturnType<typeof lruStore>;

/** A content is stored under its hash, the pieces of a download under `HASH.NUMBER`. */
const countsTowardsCapacity = (name: string): boolean => /^[0-9a-f]{64}(\.\d+)?$/.test(name);

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

/**
 * Contents under hashes, whole or in pieces, of at most `capacity` bytes in all. A new content
 * removes the least recently used ones until it fits.
 */
export function lruStore(files: FileStore, capacity: number) {
  const pins: string[] = [];
  let latest = 0;
  let tail: Promise<unknown> = Promise.resolve();

  // Two writers at once could each find the same room.
  const serially = <R>(work: () => Promise<R>): Promise<R> => {
    const result = tail.then(work);
    tail = result.catch(() => undefined);
    return result;
  };

  /** What counts towards the capacity, by hash: names in the store, with their sizes in bytes. */
  const sizesByHash = async () => {
    const found = new Map<string, Map<string, number>>();
    for (const [name, size] of await files.sizes()) {
      if (!countsTowardsCapacity(name)) continue;
      const hash = name.slice(0, 64);
      found.set(hash, (found.get(hash) ?? new Map()).set(name, size));
    }
    return found;
  };

  /** The same, with the time of the last use in ms since 1970, 0 if none was recorded. */
  const entries = async () => {
    const list = [...(await sizesByHash())].map(async ([hash, sizes]) => {
      const used = Number((await readJson(`${hash}.used`))?.used ?? 0);
      return { hash, sizes, bytes: sum(sizes.values()), used };
    });
    return Promise.all(list);
  };

  const removeAll = async (hash: string, sizes: Map<string, number>): Promise<number> => {
    for (const name of sizes.keys()) await files.remove(name);
    await files.remove(`${hash}.used`);
    return sum(sizes.values());
  };

  const makeRoom = async (name: string, size: number): Promise<boolean> => {
    const all = await entries();
    const hash = name.slice(0, 64);
    const replaced = all.find((each) => each.hash === hash)?.sizes.get(name) ?? 0;
    let excess = sum(all.map(({ bytes }) => bytes)) + size - replaced - capacity;
    const removable = all
      .filter((each) => each.hash !== hash && !pins.includes(each.hash))
      .sort((a, b) => a.used - b.used);
    // If removing all of them makes too little room, none is removed.
    if (excess > sum(removable.map(({ bytes }) => bytes))) return false;
    for (const each of removable) {
      if (excess > 0) excess -= await removeAll(each.hash, each.sizes);
    }
    return true;
  };

  const readJson = async (name: string): Promise<Record<string, unknown> | undefined> => {
    const bytes = await files.read(name);
    try {
      return bytes && { ...JSON.parse(new TextDecoder().decode(bytes)) };
    } catch {
      return undefined;
    }
  };

  const writeJson = (name: string, value: object): Promise<void> =>
    files.write(name, new TextEncoder().encode(JSON.stringify(value)));

  /** Records that a hash is used now. */
  const touch = (hash: string): Promise<void> => {
    latest = Math.max(Date.now(), latest + 1);
    return writeJson(`${hash}.used`, { used: latest });
  };

  return {
    files,
    capacity,
    entries,
    readJson,
    writeJson,
    touch,
    /** Writes bytes that count towards the capacity. False if they do not fit. */
    put: (name: string, bytes: Uint8Array): Promise<boolean> =>
      serially(async () => {
        const fits = capacity === Number.POSITIVE_INFINITY || (await makeRoom(name, bytes.length));
        if (fits) await files.write(name, bytes);
        if (fits) await touch(name.slice(0, 64));
        return fits;
      }),
    /** Protects what is stored under `hash` from removal until the returned function is called. */
    pin(hash: string) {
      pins.push(hash);
      return () => void pins.splice(pins.indexOf(hash), 1);
    },
    /** Removes what is stored under a hash. Returns the bytes freed. */
    remove: (hash: string): Promise<number> =>
      serially(async () => {
        const sizes = (await sizesByHash()).get(hash);
        return sizes ? removeAll(hash, sizes) : 0;
      }),
  };
}
