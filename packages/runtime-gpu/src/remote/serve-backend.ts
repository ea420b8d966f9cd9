import type { DType } from "@gen/graph";
import { type ErrorCode, errorCode } from "@gen/math";
import type { Backend, CompileOptions, HostArray, Program } from "../backend.ts";
import { type ArrayPart, collectParts } from "./array-parts.ts";
import { outbox } from "./outbox.ts";
import type { Port } from "./port.ts";
import { decodeGraph, type WireGraph } from "./wire-graph.ts";

/** What a page may call in its worker, by name. */
export type Methods = ReturnType<typeof methodsOf>;

/** A call without a number gets no answer. */
export interface Call<M extends keyof Methods = keyof Methods> {
  readonly method: M;
  readonly args: Parameters<Methods[M]>;
  readonly call?: number;
}

export interface Answer {
  readonly call: number;
  readonly value?: unknown;
  readonly error?: { message: string; name: string; code?: ErrorCode };
}

/**
 * Tensors and programs cross over as numbers: the page counts its uploads from 1 up, the worker
 * counts outputs from -1 down.
 */
function methodsOf<T>(backend: Backend<T>, take: <V>(value: V) => V) {
  const tensors = new Map<number, T | Error>();
  const programs = new Map<number, Program<T>>();
  let outputs = 0;

  const tensorOf = (id: number): T => {
    const found = tensors.get(id);
    if (found instanceof Error) throw found;
    return found as T;
  };

  return {
    open: (_options?: object) => backend.name,
    upload(id: number, array: HostArray, shape: readonly number[], dtype: DType) {
      try {
        tensors.set(id, backend.upload(take(array), shape, dtype));
      } catch (error) {
        tensors.set(id, error as Error);
      }
    },
    download: (id: number) => backend.download(tensorOf(id)),
    free(id: number) {
      const tensor = tensors.get(id);
      tensors.delete(id);
      if (!(tensor instanceof Error)) backend.dispose(tensor as T);
    },
    async compile(id: number, graph: WireGraph, inPlace: CompileOptions["inPlace"]) {
      programs.set(id, await backend.compile(decodeGraph(graph, take), { inPlace }));
    },
    async run(id: number, inputs: readonly (readonly [name: string, id: number])[]) {
      const given = Object.fromEntries(inputs.map(([name, input]) => [name, tensorOf(input)]));
      const results = await (programs.get(id) as Program<T>).run(given);
      const ids = Object.entries(results).map(([name, tensor]): [string, number] => {
        outputs--;
        tensors.set(outputs, tensor);
        return [name, outputs];
      });
      return Object.fromEntries(ids);
    },
    async dispose(id: number) {
      await programs.get(id)?.dispose();
      programs.delete(id);
    },
    close: () => backend.close(),
  };
}

// Two copies of this module share this key: WebKit runs the first file of a worker once more when
// another file of the worker imports it, as bundles made by Vite do.
const served = Symbol.for("@gen/runtime-gpu served");

/**
 * Serves a backend to the page at the other end of `port`, which opens it with `workerBackend`.
 * Call it at the start of a worker's script, before the first `await`. A port that is served
 * already keeps its backend.
 *
 * @param open Opens the backend.
 * @param port The line to the page. Default: the worker's own global scope.
 */
export function serveBackend<T>(
  open: () => Promise<Backend<T>>,
  port: Port = globalThis as unknown as Port,
): void {
  serveWith(open, port);
}

/** {@link serveBackend} for a backend whose options come with the first call. */
export function serveWith<T>(open: (options: object) => Promise<Backend<T>>, port: Port): void {
  const marked = port as { [served]?: boolean };
  if (marked[served]) return;
  marked[served] = true;
  const { add, take } = collectParts();
  const send = outbox<Answer>(port, ({ call }, { name, message }) =>
    send(() => ({ call, error: { name, message } })),
  );
  let methods: Promise<Methods> | undefined;

  async function answer({ method, args, call }: Call): Promise<void> {
    let result: Omit<Answer, "call">;
    try {
      methods ??= open(Object(args[0])).then((backend) => methodsOf(backend, take));
      const run = (await methods)[method] as (...args: unknown[]) => unknown;
      result = { value: await run(...args) };
    } catch (error) {
      const { message, name } = error as Error;
      result = { error: { message, name, code: errorCode(error) } };
    }
    if (call) send((swap) => ({ call, ...result, value: swap(result.value) }) satisfies Answer);
  }

  port.addEventListener("message", ({ data }) => {
    for (const message of data as (ArrayPart | Call)[]) {
      if ("part" in message) add(message);
      else void answer(message);
    }
  });
  port.start?.();
}
