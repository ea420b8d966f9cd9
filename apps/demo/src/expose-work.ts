import { expose } from "comlink";
import type { Work } from "./use-worker.ts";

/**
 * Lets the page use a worker's work. Reports to a callback and the result of a call go to the page
 * through two ports, which keep no common order. So a result waits until the page has received the
 * last report of each callback.
 */
export function exposeWork(work: Work): void {
  const inOrder = Object.entries(work).map(([name, method]) => [
    name,
    async (...given: unknown[]) => {
      const received: unknown[] = [];
      const counted = given.map((each, i) =>
        typeof each === "function"
          ? (...report: unknown[]) => {
              received[i] = each(...report);
              return received[i];
            }
          : each,
      );
      const result: unknown = await Reflect.apply(method, work, counted);
      await Promise.all(received);
      return result;
    },
  ]);
  expose(Object.fromEntries(inOrder));
}
