import type { FileStore } from "./file-store.ts";

/**
 * Contents under hashes, whole or in pieces, of at most `capacity` bytes in all. A new one removes
 * the least recently used ones until it fits.
 */
export interface LruStore {
  readonly files: FileStore;
  readonly capacity: number;
  /** Writes bytes that count towards the capacity. False if they do not fit. */
  put(name: string, bytes: Uint8Array): Promise<boolean>;
  readJson(name: string): Promise<Record<string, unknown> | undefined>;
  writeJson(name: string, value: object): Promise<void>;
  /** Records that a hash is used now. */
  touch(hash: string): Promise<void>;
  /** Protects what lies under `hash` from removal until the returned function is called. */
  pin(hash: string): () => void;
  /** Removes what lies under a hash. Returns the bytes freed. */
  remove(hash: string): Promise<number>;
  /** What counts towards the capacity, by hash. */
  entries(): Promise<Map<string, Entry>>;
}

/** A content or the pieces of a download, under one hash. */
export interface Entry {
  /** Names in the store, with their sizes in bytes. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly bytes: number;
  /** Time of the last use in milliseconds since 1970; 0 if none was recorded. */
  readonly used: number;
}

/** A content is stored under its hash, the pieces of a download under `HASH.NUMBER`. */
const countsTowardsCapacity = (name: string): boolean => /^[0-9a-f]{64}(\.\d+)?$/.test(name);

/** An {@link LruStore} over `files`. */
export function lruStore(files: FileStore, capacity: number): LruStore {
  const pins: string[] = [];
  let latest = 0;
  let tail: Promise<unknown> = Promise.resolve();

  // Two writers at once could each find the same room.
  const serially = <R>(work: () => Promise<R>): Promise<R> => {
    const result = tail.then(work);
    tail = result.catch(() => undefined);
    return result;
  };

  const sizesByHash = async (): Promise<Map<string, Map<string, number>>> => {
    const found = new Map<string, Map<string, number>>();
    for (const [name, size] of await files.sizes()) {
      if (!countsTowardsCapacity(name)) continue;
      const hash = name.slice(0, 64);
      found.set(hash, (found.get(hash) ?? new Map()).set(name, size));
    }
    return found;
  };

  const entries = async (): Promise<Map<string, Entry>> => {
    const found = new Map<string, Entry>();
    for (const [hash, sizes] of await sizesByHash()) {
      const used = Number((await readJson(`${hash}.used`))?.used ?? 0);
      found.set(hash, { sizes, used, bytes: sum(sizes.values()) });
    }
    return found;
  };

  const removeAll = async (hash: string, sizes: ReadonlyMap<string, number>): Promise<number> => {
    for (const name of sizes.keys()) await files.remove(name);
    await files.remove(`${hash}.used`);
    return sum(sizes.values());
  };

  const makeRoom = async (name: string, size: number): Promise<boolean> => {
    const all = await entries();
    const hash = name.slice(0, 64);
    const replaced = all.get(hash)?.sizes.get(name) ?? 0;
    let excess = sum([...all.values()].map(({ bytes }) => bytes)) + size - replaced - capacity;
    const removable = [...all]
      .filter(([other]) => other !== hash && !pins.includes(other))
      .sort(([, a], [, b]) => a.used - b.used);
    // If removing all of them makes too little room, none is removed.
    if (excess > sum(removable.map(([, { bytes }]) => bytes))) return false;
    for (const [other, { sizes }] of removable) {
      if (excess <= 0) break;
      excess -= await removeAll(other, sizes);
    }
    return excess <= 0;
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

  return {
    files,
    capacity,
    entries,
    readJson,
    writeJson,
    put: (name, bytes) =>
      serially(async () => {
        if (capacity < Number.POSITIVE_INFINITY && !(await makeRoom(name, bytes.length))) {
          return false;
        }
        await files.write(name, bytes);
        return true;
      }),
    touch(hash) {
      latest = Math.max(Date.now(), latest + 1);
      return writeJson(`${hash}.used`, { used: latest });
    },
    pin(hash) {
      pins.push(hash);
      return () => {
        pins.splice(pins.indexOf(hash), 1);
      };
    },
    remove: (hash) =>
      serially(async () => {
        const sizes = (await sizesByHash()).get(hash);
        return sizes ? removeAll(hash, sizes) : 0;
      }),
  };
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
