import type { AbortSignalLike } from "@gen/sampling";

/** Throws the signal's reason once the signal is aborted. */
export function throwIfStopped(signal: AbortSignalLike | undefined): void {
  if (!signal?.aborted) return;
  throw signal.reason ?? Object.assign(new Error("the work was aborted"), { name: "AbortError" });
}
