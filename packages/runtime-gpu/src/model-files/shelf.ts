import type { FileStore } from "./file-store.ts";

/** Bytes under hashes, whole or in pieces, of which the least recently used make room for new ones. */
export interface Shelf {
  readonly store: FileStore;
  readonly capacity: number;
  /** Writes bytes that count towards the capacity; false where they do not fit. */
  put(name: string, bytes: Uint8Array): Promise<boolean>;
  readJson(name: string): Promise<Record<string, unknown> | undefined>;
  writeJson(name: string, value: object): Promise<void>;
  /** Notes that a hash is used now. */
  touch(hash: string): Promise<void>;
  /** Until the returned function is called, nothing under `hash` makes room for others. */
  hold(hash: string): () => void;
  /** Removes what counts under a hash, and gives the bytes freed. */
  remove(hash: string): Promise<number>;
  /** What counts, by hash. */
  held(): Promise<Map<string, Held>>;
}

/** Contents or pieces under one hash. */
export interface Held {
  /** Names in the store, with their sizes in bytes. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly bytes: number;
  /** Milliseconds since 1970; 0 where nobody noted it. */
  readonly used: number;
}

/** A content is stored under its hash, the pieces of a download under `HASH.NUMBER`. */
const counts = (name: string): boolean => /^[0-9a-f]{64}(\.\d+)?$/.test(name);

/** A shelf over a store, for at most `capacity` bytes of contents and pieces. */
export function shelf(store: FileStore, capacity: number): Shelf {
  const inUse: string[] = [];
  let latest = 0;
  let tail: Promise<unknown> = Promise.resolve();

  // Two writers at once could each find the same room.
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  };

  const sizesByHash = async (): Promise<Map<string, Map<string, number>>> => {
    const found = new Map<string, Map<string, number>>();
    for (const [name, size] of await store.sizes()) {
      if (!counts(name)) continue;
      const hash = name.slice(0, 64);
      found.set(hash, (found.get(hash) ?? new Map()).set(name, size));
    }
    return found;
  };

  const held = async (): Promise<Map<string, Held>> => {
    const found = new Map<string, Held>();
    for (const [hash, sizes] of await sizesByHash()) {
      const used = Number((await readJson(`${hash}.used`))?.used ?? 0);
      found.set(hash, { sizes, used, bytes: sum(sizes.values()) });
    }
    return found;
  };

  const removeAll = async (hash: string, sizes: ReadonlyMap<string, number>): Promise<number> => {
    for (const name of sizes.keys()) await store.remove(name);
    await store.remove(`${hash}.used`);
    return sum(sizes.values());
  };

  const makeRoom = async (name: string, size: number): Promise<boolean> => {
    const all = await held();
    const hash = name.slice(0, 64);
    const replaced = all.get(hash)?.sizes.get(name) ?? 0;
    let excess = sum([...all.values()].map(({ bytes }) => bytes)) + size - replaced - capacity;
    const movable = [...all]
      .filter(([other]) => other !== hash && !inUse.includes(other))
      .sort(([, a], [, b]) => a.used - b.used);
    // Nothing goes for what would not fit even so.
    if (excess > sum(movable.map(([, { bytes }]) => bytes))) return false;
    for (const [other, { sizes }] of movable) {
      if (excess <= 0) break;
      excess -= await removeAll(other, sizes);
    }
    return excess <= 0;
  };

  const readJson = async (name: string): Promise<Record<string, unknown> | undefined> => {
    const bytes = await store.read(name);
    try {
      return bytes && { ...JSON.parse(new TextDecoder().decode(bytes)) };
    } catch {
      return undefined;
    }
  };

  const writeJson = (name: string, value: object): Promise<void> =>
    store.write(name, new TextEncoder().encode(JSON.stringify(value)));

  return {
    store,
    capacity,
    held,
    readJson,
    writeJson,
    put: (name, bytes) =>
      inTurn(async () => {
        if (capacity < Number.POSITIVE_INFINITY && !(await makeRoom(name, bytes.length))) {
          return false;
        }
        await store.write(name, bytes);
        return true;
      }),
    touch(hash) {
      latest = Math.max(Date.now(), latest + 1);
      return writeJson(`${hash}.used`, { used: latest });
    },
    hold(hash) {
      inUse.push(hash);
      return () => {
        inUse.splice(inUse.indexOf(hash), 1);
      };
    },
    remove: (hash) =>
      inTurn(async () => {
        const sizes = (await sizesByHash()).get(hash);
        return sizes ? removeAll(hash, sizes) : 0;
      }),
  };
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
