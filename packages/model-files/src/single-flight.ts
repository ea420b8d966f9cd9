import type { FetchOptions, FileProgress } from "./fetch-options.ts";

type Caller = Pick<FetchOptions, "signal" | "onProgress">;
type Report = (progress: FileProgress) => void;
type Work<R> = (signal: AbortSignal, report: Report) => Promise<R>;

/**
 * Runs work once for all callers that request the same key while it runs; each caller but the first
 * gets a copy of the result. A caller leaves by its own signal. When the last one leaves, the work is aborted, and that
 * caller waits for its end.
 */
export function singleFlight<R>(copy: (result: R) => R) {
  const running = new Map<string, ReturnType<typeof start>>();

  return async function call(key: string, { signal: given, onProgress }: Caller, work: Work<R>) {
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
    return new Promise<R>((resolve, reject) => {
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
      result.then((made) => resolve(first ? made : copy(made)), reject).finally(end);
    });
  };

  function start(key: string, work: Work<R>) {
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
