import { setTimeout } from "node:timers/promises";
import { errorCode, GenError } from "@gen/math";
import type { Store } from "./store.ts";

/** A worker cannot go on, such as with a store that fails for long. Its part is not at fault. */
export class WorkerFault extends GenError {}

/** How long a store may fail. */
interface Patience {
  /** The most seconds in one call. */
  readonly seconds: number;
  readonly signal?: AbortSignal;
  /** Called before each wait. */
  readonly onWait?: (error: unknown, seconds: number) => void;
}

/** Codes of errors that a second try does not mend. */
const LASTING = [
  "invalid-argument",
  "invalid-data",
  "usage",
  "backend-unavailable",
  "file-too-large",
  // Another kind of file is in the place.
  ...["EEXIST", "EISDIR", "ENOTDIR", "ENOTEMPTY"],
];

/**
 * A store whose calls are tried again while it fails: a full disk is cleared, a server comes back.
 * @throws WorkerFault after the seconds.
 */
export function patientStore(store: Store, { seconds, signal, onWait }: Patience): Store {
  async function patiently<R>(work: () => Promise<R>): Promise<R> {
    const end = performance.now() + 1000 * seconds;
    for (let wait = 0.2; ; wait = Math.min(5, 2 * wait)) {
      try {
        return await work();
      } catch (cause) {
        const { code = "" } = cause as NodeJS.ErrnoException;
        if (LASTING.includes(errorCode(cause) ?? code)) throw cause;
        if (signal?.aborted || performance.now() + 1000 * wait > end) {
          const text = cause instanceof Error ? cause.message : String(cause);
          throw new WorkerFault("unreachable", `the store failed: ${text}`, { cause });
        }
        onWait?.(cause, wait);
        await setTimeout(1000 * wait, undefined, { signal }).catch(() => undefined);
      }
    }
  }
  return {
    write: (name, bytes) => patiently(() => store.write(name, bytes)),
    read: (name, most) => patiently(() => store.read(name, most)),
    list: (prefix) => patiently(() => store.list(prefix)),
    remove: (name) => patiently(async () => store.remove?.(name)),
  };
}
