import { expose } from "comlink";
import type { Work } from "./use-worker.ts";

type Method = (...given: unknown[]) => unknown;

/**
 * Lets the page use a worker's work. Reports to a callback and the result of a call go to the page
 * through two ports, which keep no common order. So a result waits until the page has received all
 * reports. Work without callbacks needs only comlink's `expose`.
 */
export function exposeWork(work: Work): void {
  const inOrder =
    (method: Method) =>
    async (...given: unknown[]) => {
      let received: unknown;
      const report =
        (callback: Method): Method =>
        (...values) => {
          received = Promise.all([received, callback(...values)]);
          return received;
        };
      const result = await method(
        ...given.map((each) => (typeof each === "function" ? report(each as Method) : each)),
      );
      await received;
      return result;
    };
  expose(Object.fromEntries(Object.entries(work).map(([name, f]) => [name, inOrder(f)])));
}
