import type { AbortSignalLike } from "@gen/sampling";

/** Throws the signal's reason once the signal is aborted. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (!signal?.aborted) return;
  const error = Object.assign(new Error("the work was aborted"), { name: "AbortError" });
  throw signal.reason ?? error;
}
