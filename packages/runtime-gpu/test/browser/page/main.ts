import { scenarios } from "./scenarios.ts";

let worker: Worker | undefined;

/** Runs a scenario in this page's worker, which is started by the first one. */
function inWorker(name: string, args: unknown[]): Promise<unknown> {
  worker ??= new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({ data }) =>
      "error" in data ? reject(new Error(data.error)) : resolve(data.value);
    worker?.postMessage({ name, args, answer: port2 }, [port2]);
  });
}

Object.assign(globalThis, { scenarios, inWorker });
