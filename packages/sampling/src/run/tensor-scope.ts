import type { FloatArray } from "@gen/math";
import type { Engine } from "./engine.ts";

/** Owns a loop's tensors, so that each is disposed of once, however the loop ends. */
export function tensorScope<T>(engine: Engine<T>) {
  const alive = new Set<T>();
  const pending = new Set<Promise<unknown>>();

  /** Lets `close` wait for the work. */
  const track = <R>(work: Promise<R>): Promise<R> => {
    pending.add(work);
    const settled = () => pending.delete(work);
    work.then(settled, settled);
    return work;
  };
  const keepOnly = (...kept: T[]): void => {
    const ended = [...alive].filter((tensor) => !kept.includes(tensor));
    for (const tensor of ended) alive.delete(tensor);
    engine.dispose(...ended);
  };

  return {
    upload(values: FloatArray): T {
      const tensor = engine.upload(values);
      alive.add(tensor);
      return tensor;
    },
    /** Owns a step's results from when they are made. */
    own<R extends Record<string, T>>(results: Promise<R>): Promise<R> {
      return track(
        results.then((made) => {
          for (const tensor of Object.values(made)) alive.add(tensor);
          return made;
        }),
      );
    },
    read(tensor: T): Promise<FloatArray> {
      if (alive.has(tensor)) return track(engine.download(tensor));
      return Promise.reject(new Error("x() and x0() must be called before the next step"));
    },
    /** Disposes of all tensors but these. */
    keepOnly,
    /** Waits for steps and readings under way, then disposes of every tensor. */
    async close(): Promise<void> {
      await Promise.allSettled(pending);
      keepOnly();
    },
  };
}
