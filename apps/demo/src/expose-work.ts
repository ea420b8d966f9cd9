import { expose, type Remote, releaseProxy } from "comlink";
import type { Work } from "./use-worker.ts";

type Method = (...given: unknown[]) => unknown;

/**
 * Lets the page use a worker's work. The work's own files load at its first call, so that a worker
 * starts with little script.
 *
 * Reports to a callback and the result of a call go to the page through two ports, which keep no
 * common order. So a result waits until the page has received all reports. Then the callbacks are let
 * go: the page keeps a callback and all that it holds, such as a film, as long as its port is open.
 */
export function exposeWork(load: () => Promise<Work>): void {
  let loading: Promise<Record<string, Method>> | undefined;
  const work = () => {
    loading ??= load() as Promise<unknown> as Promise<Record<string, Method>>;
    return loading;
  };
  const inOrder =
    (name: string): Method =>
    async (...given) => {
      let received: unknown;
      const report =
        (callback: Method): Method =>
        (...values) => {
          received = Promise.all([received, callback(...values)]);
          return received;
        };
      const isCallback = (each: unknown): each is Remote<Method> => typeof each === "function";
      try {
        const methods = await work();
        const result = await methods[name](
          ...given.map((each) => (isCallback(each) ? report(each as Method) : each)),
        );
        await received;
        return result;
      } finally {
        for (const each of given) if (isCallback(each)) each[releaseProxy]();
      }
    };
  const methods: ProxyHandler<object> = {
    get: (_, name) => (name === "ready" ? () => true : inOrder(String(name))),
  };
  expose(new Proxy({}, methods));
}
