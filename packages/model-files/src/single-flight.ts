/** What each of several callers brings. */
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
 * Runs work once for all callers that ask for the same key while it runs. Each caller may leave by
 * its own signal. When the last one leaves, the work is aborted, and that caller waits for its end.
 */
export function singleFlight<R, P>(copy: (result: R) => R) {
  const running = new Map<string, Running<R, P>>();

  return async function call(
    key: string,
    { signal, onProgress }: Caller<P>,
    work: (signal: AbortSignal, report: (progress: P) => void) => Promise<R>,
  ): Promise<R> {
    signal?.throwIfAborted();
    let flight = running.get(key);
    while (flight?.controller.signal.aborted) {
      await flight.result.catch(() => undefined);
      flight = running.get(key);
    }
    signal?.throwIfAborted();
    const first = !flight;
    flight ??= start(key, work);
    const { controller, listeners, result } = flight;
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
    work: (signal: AbortSignal, report: (progress: P) => void) => Promise<R>,
  ): Running<R, P> {
    const controller = new AbortController();
    const listeners = new Set<(progress: P) => void>();
    const report = (progress: P) => {
      for (const listen of [...listeners]) listen(progress);
    };
    const result = work(controller.signal, report).finally(() => running.delete(key));
    const flight = { controller, listeners, result };
    running.set(key, flight);
    return flight;
  }
}
