import type { Graph } from "@gen/graph";
import { GenError } from "@gen/math";
import type { Backend } from "./backend.ts";
import { backendOver } from "./device.ts";
import type { DeviceTensor } from "./ledger.ts";
import type { Answer, Call, Port } from "./serve-backend.ts";

/**
 * The backend that a worker serves with `serveBackend`, under its own name: a page that trains or samples
 * on it stays responsive. Graphs and numbers cross over, tensors stay in the worker; what a worker cannot
 * upload is told when it is used.
 *
 * Closing it closes the worker's backend; the worker is the caller's to end.
 * @throws GenError `backend-unavailable` when the worker cannot open its backend.
 */
export async function workerBackend(worker: Port): Promise<Backend<DeviceTensor>> {
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  let calls = 0;
  let tensors = 0;
  worker.addEventListener("message", ({ data }) => {
    const { call, value, error } = data as Answer;
    const asked = waiting.get(call);
    waiting.delete(call);
    if (error === undefined) asked?.resolve(value as never);
    else asked?.reject(fromWorker(error));
  });
  worker.start?.();

  const tell = (what: Call): void => worker.postMessage(what);
  const ask = <R>(what: Call): Promise<R> =>
    new Promise((resolve, reject) => {
      calls++;
      waiting.set(calls, { resolve, reject });
      tell({ ...what, call: calls });
    });

  const name = await ask<string>({ do: "open" });
  return backendOver<number>({
    name,
    write(array, shape, dtype) {
      tensors++;
      tell({ do: "upload", tensor: tensors, array, shape, dtype });
      return tensors;
    },
    read: (tensor) => ask({ do: "download", tensor }),
    free: (tensor) => tell({ do: "free", tensor }),
    async compile(graph: Graph) {
      const program = await ask<number>({ do: "compile", graph });
      return {
        run: (inputs) => ask({ do: "run", program, inputs: Object.fromEntries(inputs) }),
        dispose: () => ask({ do: "dispose", program }),
      };
    },
    close: () => ask({ do: "close" }),
  });
}

/** The worker's error as an error of the same class and code. */
function fromWorker({ message, name, code }: NonNullable<Answer["error"]>): Error {
  if (name === "RangeError") return new RangeError(message);
  if (name === "TypeError") return new TypeError(message);
  return new GenError(code ?? "backend-failed", message);
}
