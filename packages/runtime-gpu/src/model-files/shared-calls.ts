/** What one of several callers brings along. */
export interface Caller<P> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: P) => void;
}

interface Running<R, P> {
  readonly controller: AbortController;
  readonly listeners: Set<(progress: P) => void>;
  readonly result: Promise<R>;
}

/**
 * Does the same work once for all who ask for it meanwhile. Each may leave by its own signal; the work
 * is aborted when the last one has left, who then waits for its end.
 */
export function sharedCalls<R, P>(copy: (result: R) => R) {
  const running = new Map<string, Running<R, P>>();

  return async function share(
    key: string,
    { signal, onProgress }: Caller<P>,
    work: (signal: AbortSignal, tell: (progress: P) => void) => Promise<R>,
  ): Promise<R> {
    signal?.throwIfAborted();
    let call = running.get(key);
    while (call?.controller.signal.aborted) {
      await call.result.catch(() => undefined);
      call = running.get(key);
    }
    signal?.throwIfAborted();
    const first = !call;
    call ??= start(key, work);
    const { controller, listeners, result } = call;
    return new Promise<R>((resolve, reject) => {
      const leave = (reason: unknown): void => {
        listeners.delete(listen);
        signal?.removeEventListener("abort", onAbort);
        if (listeners.size > 0) reject(reason);
        else controller.abort(reason);
      };
      const onAbort = () => leave(signal?.reason);
      const listen = (progress: P): void => {
        try {
          onProgress?.(progress);
        } catch (error) {
          leave(error);
        }
      };
      listeners.add(listen);
      signal?.addEventListener("abort", onAbort);
      const end = () => signal?.removeEventListener("abort", onAbort);
      result.then((value) => resolve(first ? value : copy(value)), reject).finally(end);
    });
  };

  function start(
    key: string,
    work: (signal: AbortSignal, tell: (progress: P) => void) => Promise<R>,
  ): Running<R, P> {
    const controller = new AbortController();
    const listeners = new Set<(progress: P) => void>();
    const tell = (progress: P) => {
      for (const listen of [...listeners]) listen(progress);
    };
    const result = work(controller.signal, tell).finally(() => running.delete(key));
    const call = { controller, listeners, result };
    running.set(key, call);
    return call;
  }
}
