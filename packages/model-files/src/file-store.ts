import type { WebBlob } from "./web-types.ts";

/**
 * A place that stores bytes by name. A name is 64 hexadecimal digits, some with a suffix such as
 * `.url`; it never contains text of a server or a user.
 */
export interface FileStore {
  /**
   * The bytes; undefined if the name is not stored.
   *
   * @param name 64 hexadecimal digits, some with a suffix.
   */
  read(name: string): Promise<Uint8Array | undefined>;
  /**
   * The same bytes, left where they are.
   *
   * @param name 64 hexadecimal digits, some with a suffix.
   * @defaultValue what `read` gives, in memory
   */
  open?(name: string): Promise<WebBlob | undefined>;
  /**
   * Replaces the bytes under a name. A reader never sees half of them. A store with `open` copies the
   * bytes: their memory may be freed afterwards.
   *
   * @param name 64 hexadecimal digits, some with a suffix.
   * @param bytes The new bytes.
   */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * Removes the bytes under a name, if there are any.
   *
   * @param name 64 hexadecimal digits, some with a suffix.
   */
  remove(name: string): Promise<void>;
  /** All names, with their sizes in bytes. */
  sizes(): Promise<ReadonlyMap<string, number>>;
}

/** Whether a store may have written this name. Other names in the same place are left alone. */
export const isStoreName = (name: string): boolean => /^[0-9a-f]{64}(\.[a-z0-9]{1,8})?$/.test(name);

/**
 * `store`, but a failure becomes a warning and "not stored": a file that cannot be stored is still
 * of use.
 */
export function ignoreFailures(store: FileStore, onWarning: (message: string) => void): FileStore {
  const warned = new Set<string>();
  const attempt = async <R>(action: string, otherwise: R, work: () => Promise<R>): Promise<R> => {
    try {
      return await work();
    } catch (error) {
      const { name, message } = error as Error;
      const reason = name === "Error" ? message : `${name}: ${message}`;
      const advice = action === "write" ? ": free some space, or give another folder" : "";
      const warning = `the store of model files cannot ${action} (${reason}); going on without${advice}`;
      if (!warned.has(warning)) onWarning(warning);
      warned.add(warning);
      return otherwise;
    }
  };
  return {
    read: (name) => attempt("read", undefined, () => store.read(name)),
    ...(store.open && {
      open: (name) => attempt("read", undefined, async () => store.open?.(name)),
    }),
    write: (name, bytes) => attempt("write", undefined, () => store.write(name, bytes)),
    remove: (name) => attempt("remove", undefined, () => store.remove(name)),
    sizes: () => attempt<ReadonlyMap<string, number>>("list", new Map(), () => store.sizes()),
  };
}
