import type { DType, Graph } from "@gen/graph";
import { type ErrorCode, errorCode } from "@gen/math";
import type { Backend, HostArray, Program } from "./backend.ts";

/** One end of a line to a worker: a `Worker`, a `MessagePort`, or a worker's own global scope. */
export interface Port {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  start?(): void;
}

export type Call = { call?: number } & (
  | { do: "open" }
  | { do: "upload"; tensor: number; array: HostArray; shape: readonly number[]; dtype: DType }
  | { do: "download"; tensor: number }
  | { do: "free"; tensor: number }
  | { do: "compile"; graph: Graph }
  | { do: "run"; program: number; inputs: Record<string, number> }
  | { do: "dispose"; program: number }
  | { do: "close" }
);
export interface Answer {
  call: number;
  value?: unknown;
  error?: { message: string; name: string; code?: ErrorCode };
}

// A key that two copies of this module share: WebKit runs the first file of a worker once more when another
// file of the worker imports it, as bundles made by Vite do.
const served = Symbol.for("@gen/runtime-gpu served");

/**
 * Serves a backend to the page that holds the other end of `port`, which gets it from `workerBackend`.
 * To be called at the start of a worker's script, before it waits for anything. A port that is served
 * already keeps its backend.
 */
export function serveBackend<T>(
  open: () => Promise<Backend<T>>,
  port: Port = globalThis as unknown as Port,
): void {
  const marked = port as { [served]?: boolean };
  if (marked[served]) return;
  marked[served] = true;
  let opened: Promise<Backend<T>> | undefined;
  const tensors = new Map<number, T | Error>();
  const programs = new Map<number, Program<T>>();
  let made = 0;

  const tensorOf = (id: number): T => {
    const found = tensors.get(id);
    if (found instanceof Error) throw found;
    return found as T;
  };

  const answer = async (what: Call): Promise<unknown> => {
    opened ??= open();
    const backend = await opened;
    switch (what.do) {
      case "open":
        return backend.name;
      case "upload":
        try {
          tensors.set(what.tensor, backend.upload(what.array, what.shape, what.dtype));
        } catch (error) {
          tensors.set(what.tensor, error as Error);
        }
        return undefined;
      case "download":
        return backend.download(tensorOf(what.tensor));
      case "free": {
        const held = tensors.get(what.tensor);
        tensors.delete(what.tensor);
        if (!(held instanceof Error)) backend.dispose(held as T);
        return undefined;
      }
      case "compile":
        made++;
        programs.set(made, await backend.compile(what.graph));
        return made;
      case "run": {
        const inputs = Object.entries(what.inputs).map(([name, id]) => [name, tensorOf(id)]);
        const outputs = await (programs.get(what.program) as Program<T>).run(
          Object.fromEntries(inputs),
        );
        return Object.fromEntries(
          Object.entries(outputs).map(([name, tensor]) => {
            made++;
            // The page counts its own upwards from 1.
            tensors.set(-made, tensor);
            return [name, -made];
          }),
        );
      }
      case "dispose": {
        const ended = programs.get(what.program);
        programs.delete(what.program);
        return ended?.dispose();
      }
      case "close":
        tensors.clear();
        programs.clear();
        return backend.close();
    }
  };

  port.addEventListener("message", async ({ data }) => {
    const what = data as Call;
    const call = what.call ?? 0;
    try {
      const value = await answer(what);
      if (call) port.postMessage({ call, value } satisfies Answer);
    } catch (error) {
      const { message, name } = error as Error;
      const told = { message, name, code: errorCode(error) };
      if (call) port.postMessage({ call, error: told } satisfies Answer);
    }
  });
  port.start?.();
}
