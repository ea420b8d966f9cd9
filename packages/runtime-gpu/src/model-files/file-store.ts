/**
 * Where model files are kept: bytes by name. Names are 64 hexadecimal digits, some with a suffix
 * such as `.url`, never what a server or a user wrote.
 */
export interface FileStore {
  /** The bytes, or undefined where there are none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Puts bytes in the place of what was there; a reader never sees half of them. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names and sizes in bytes of all that is kept. */
  sizes(): Promise<ReadonlyMap<string, number>>;
}

const storeName = /^[0-9a-f]{64}(\.[a-z0-9]{1,8})?$/;

/** Whether a name may be one of a store's; anything else there is not ours. */
export const isStoreName = (name: string): boolean => storeName.test(name);

/** A store whose failures are told and then taken as "not kept", since a file is of use without them. */
export function forgiving(store: FileStore, onWarning: (message: string) => void): FileStore {
  const told = new Set<string>();
  const attempt = async <R>(what: string, otherwise: R, work: () => Promise<R>): Promise<R> => {
    try {
      return await work();
    } catch (error) {
      const { name, message } = error as Error;
      const reason = name === "Error" ? message : `${name}: ${message}`;
      const warning = `the store of model files cannot ${what} (${reason}); going on without`;
      if (!told.has(warning)) onWarning(warning);
      told.add(warning);
      return otherwise;
    }
  };
  return {
    read: (name) => attempt("read", undefined, () => store.read(name)),
    write: (name, bytes) => attempt("write", undefined, () => store.write(name, bytes)),
    remove: (name) => attempt("remove", undefined, () => store.remove(name)),
    sizes: () => attempt<ReadonlyMap<string, number>>("list", new Map(), () => store.sizes()),
  };
}
