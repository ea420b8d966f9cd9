import type { FloatArray } from "@gen/math";
import type { Engine } from "./engine.ts";

/** A tensor in custody: it is freed once it is released and no reading of it is under way. */
export interface Held<T> {
  readonly tensor: T;
  read(): Promise<FloatArray>;
  release(): void;
}

/** Keeps account of a loop's tensors, so that every one is freed once, however the loop ends. */
export function custody<T>(engine: Engine<T>) {
  const alive = new Set<Held<T>>();
  const readings = new Set<Promise<FloatArray>>();
  const hold = (tensor: T): Held<T> => {
    let reading = 0;
    let released = false;
    const free = () => {
      if (released && reading === 0 && alive.delete(held)) engine.dispose(tensor);
    };
    const held: Held<T> = {
      tensor,
      read() {
        if (released) {
          return Promise.reject(new Error("x() and x0() must be called before the next step"));
        }
        reading++;
        const done = engine.download(tensor).finally(() => {
          reading--;
          readings.delete(done);
          free();
        });
        readings.add(done);
        return done;
      },
      release() {
        released = true;
        free();
      },
    };
    alive.add(held);
    return held;
  };
  const close = async () => {
    for (const held of alive) held.release();
    await Promise.allSettled(readings);
  };
  return { hold, close };
}
