import type { Backend } from "@gen/runtime-gpu";
import type { Choice } from "./choices.ts";
import { openBackend } from "./open-backend.ts";

/** Keeps one backend open. Requesting another backend closes the current one first. */
export function backendSlot(threads: number | undefined, beforeClose: () => Promise<void>) {
  let current: { choice: Choice; backend: Promise<Backend> } | undefined;

  async function replace(old: typeof current, choice: Choice): Promise<Backend> {
    if (old) {
      await beforeClose();
      const backend = await old.backend.catch(() => undefined);
      await backend?.close();
    }
    return openBackend(choice, threads);
  }

  return (choice: Choice): Promise<Backend> => {
    if (current?.choice !== choice) {
      const next = { choice, backend: replace(current, choice) };
      current = next;
      next.backend.catch(() => {
        if (current === next) current = undefined;
      });
    }
    return current.backend;
  };
}
