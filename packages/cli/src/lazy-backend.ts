import type { Backend } from "@gen/runtime-gpu";
import { openBackend } from "@gen/runtime-gpu/open";

/** A backend that is opened when it is needed, and anew after a failure. */
export interface LazyBackend {
  open(): Promise<Backend>;
  /** The next `open` opens another. */
  reset(): Promise<void>;
}

/** A backend in a process of its own, which a stranger's model may crash. */
export function lazyBackend(name: string): LazyBackend {
  let opened: Promise<Backend> | undefined;
  return {
    open() {
      opened ??= openBackend(name, { isolate: true });
      return opened;
    },
    async reset() {
      const old = opened;
      opened = undefined;
      await old?.then((backend) => backend.close()).catch(() => undefined);
    },
  };
}
