/** The part of an AbortSignal that stopping a run needs; any AbortSignal will do. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

/** Throws the signal's reason once it is aborted. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (!signal?.aborted) return;
  if (signal.reason !== undefined) throw signal.reason;
  throw Object.assign(new Error("sampling was aborted"), { name: "AbortError" });
}
