import type { Backend } from "@gen/runtime-gpu";
import type { Choice } from "../../backends/choices.ts";
import { openBackend } from "../../backends/open-backend.ts";

/** Keeps one backend open: asking for another closes the one before. */
export function heldBackend(threads: number, beforeClose: () => Promise<void>) {
  let held: { choice: Choice; backend: Promise<Backend> } | undefined;

  async function swap(old: typeof held, choice: Choice): Promise<Backend> {
    if (old) {
      await beforeClose();
      const backend = await old.backend.catch(() => undefined);
      await backend?.close();
    }
    return openBackend(choice, threads);
  }

  return (choice: Choice): Promise<Backend> => {
    if (held?.choice !== choice) {
      const next = { choice, backend: swap(held, choice) };
      held = next;
      next.backend.catch(() => {
        if (held === next) held = undefined;
      });
    }
    return held.backend;
  };
}
