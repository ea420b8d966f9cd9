import type { Scenarios } from "./test-page.ts";

interface Call {
  readonly name: string;
  readonly args: never[];
  readonly answer: MessagePort;
}

/** Runs scenarios in a worker, which is started by the first one. */
export function workerCaller(start: () => Worker) {
  let worker: Worker | undefined;
  return (name: string, args: unknown[]): Promise<unknown> => {
    worker ??= start();
    const { port1, port2 } = new MessageChannel();
    return new Promise((resolve, reject) => {
      port1.onmessage = ({ data }) =>
        "error" in data ? reject(new Error(data.error)) : resolve(data.value);
      worker?.postMessage({ name, args, answer: port2 }, [port2]);
    });
  };
}

/** Runs the scenarios that the page asks this worker for. */
export function answerCalls(scenarios: Scenarios): void {
  globalThis.onmessage = async ({ data: { name, args, answer } }: MessageEvent<Call>) => {
    try {
      answer.postMessage({ value: await scenarios[name](...args) });
    } catch (error) {
      answer.postMessage({ error: (error as Error).message });
    }
  };
}
