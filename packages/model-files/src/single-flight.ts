import type { FetchOptions, FileProgress } from "./fetch-options.ts";

type Caller = Pick<FetchOptions, "signal" | "onProgress">;
type Report = (progress: FileProgress) => void;
type Work = (signal: AbortSignal, report: Report) => Promise<Uint8Array>;

/**
 * Runs work once for all callers that request the same key while it runs; each caller gets its own
 * bytes. A caller leaves by its own signal. When the last one leaves, the work is aborted, and that
 * caller waits for its end.
 */
export function singleFlight() {
  const running = new Map<string, ReturnType<typeof start>>();

  return async function call(key: string, { signal: given, onProgress }: Caller, work: Work) {
    // Node warns of a leak when more than ten calls listen to one signal itself.
    const signal = given && AbortSignal.any([given]);
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
    return new Promise<Uint8Array>((resolve, reject) => {
      const leave = (reason: unknown): void => {
        listeners.delete(listen);
        if (listeners.size > 0) reject(reason);
        else controller.abort(reason);
      };
      const onAbort = () => leave(signal?.reason);
      const listen: Report = (progress) => {
        try {
          onProgress?.(progress);
        } catch (error) {
          leave(error);
        }
      };
      listeners.add(listen);
      signal?.addEventListener("abort", onAbort);
      const end = () => signal?.removeEventListener("abort", onAbort);
      result.then((bytes) => resolve(first ? bytes : bytes.slice()), reject).finally(end);
    });
  };

  function start(key: string, work: Work) {
    const controller = new AbortController();
    const listeners = new Set<Report>();
    const report: Report = (progress) => {
      for (const listen of [...listeners]) listen(progress);
    };
    const result = work(controller.signal, report).finally(() => running.delete(key));
    const flight = { controller, listeners, result };
    running.set(key, flight);
    return flight;
  }
}
