import { GenError } from "@gen/math";
import type { Backend } from "./backend.ts";
import { backendOver } from "./device.ts";
import type { DeviceTensor } from "./ledger.ts";
import type { Answer, Call, Methods, Port } from "./serve-backend.ts";

/**
 * The backend that a worker serves with `serveBackend`, under its own name. A page that trains or
 * samples on it stays responsive. Graphs and numbers cross over, tensors stay in the worker. An
 * upload that the worker refuses throws when its tensor is used.
 *
 * Closing it closes the worker's backend; the caller ends the worker.
 * @throws GenError `backend-unavailable` when the worker cannot open its backend.
 */
export async function workerBackend(worker: Port): Promise<Backend<DeviceTensor>> {
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  let calls = 0;
  let ids = 0;
  worker.addEventListener("message", ({ data }) => {
    const { call, value, error } = data as Answer;
    const caller = waiting.get(call);
    waiting.delete(call);
    if (error === undefined) caller?.resolve(value as never);
    else caller?.reject(fromWorker(error));
  });
  worker.start?.();

  const send = <M extends keyof Methods>(message: Call<M>): void => worker.postMessage(message);
  const call = <M extends keyof Methods>(method: M, ...args: Parameters<Methods[M]>) =>
    new Promise<Awaited<ReturnType<Methods[M]>>>((resolve, reject) => {
      calls++;
      waiting.set(calls, { resolve, reject });
      send({ method, args, call: calls });
    });

  return backendOver<number>({
    name: await call("name"),
    write(array, shape, dtype) {
      ids++;
      send({ method: "upload", args: [ids, array, shape, dtype] });
      return ids;
    },
    read: (tensor) => call("download", tensor),
    free: (tensor) => send({ method: "free", args: [tensor] }),
    async compile(graph) {
      ids++;
      const program = ids;
      await call("compile", program, graph);
      return {
        run: (inputs) => call("run", program, [...inputs]),
        dispose: () => call("dispose", program),
      };
    },
    close: () => call("close"),
  });
}

/** The worker's error as an error of the same class and code. */
function fromWorker({ message, name, code }: NonNullable<Answer["error"]>): Error {
  if (name === "RangeError") return new RangeError(message);
  if (name === "TypeError") return new TypeError(message);
  return new GenError(code ?? "backend-failed", message);
}
