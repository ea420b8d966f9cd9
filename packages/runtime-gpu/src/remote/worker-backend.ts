import type { Graph } from "@gen/graph";
import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { Backend } from "../backend.ts";
import { backendOver } from "../device.ts";
import { graphText } from "../graph-errors.ts";
import type { DeviceTensor } from "../ledger.ts";
import { type ArrayPart, collectParts } from "./array-parts.ts";
import { outbox, type Swap } from "./outbox.ts";
import type { Port, Remote } from "./port.ts";
import type { Answer, Call, Methods } from "./serve-backend.ts";
import { encodeGraph } from "./wire-graph.ts";

/**
 * The backend that a worker serves with `serveBackend`, under its own name. A page that trains or
 * samples on it stays responsive. Graphs and numbers cross over, tensors stay in the worker. An
 * upload that the worker refuses throws when its tensor is used.
 *
 * Closing it closes the worker's backend; the caller ends the worker.
 *
 * @param worker The worker, or another line to what serves the backend.
 * @throws GenError `backend-unavailable` when the worker cannot open its backend.
 */
export const workerBackend = (worker: Port): Promise<Backend<DeviceTensor>> =>
  remoteBackend(worker, {});

const reading = "reading a tensor";

interface Waiting {
  /** What the caller waits for. */
  readonly work: string;
  resolve(value: never): void;
  reject(error: Error): void;
}

/** {@link workerBackend} with the options of the backend. A `Remote` ends when it is closed. */
export async function remoteBackend(
  port: Port & Partial<Remote>,
  options: object,
): Promise<Backend<DeviceTensor>> {
  const waiting = new Map<number, Waiting>();
  const { add, take } = collectParts();
  const post = outbox<Call>(port, ({ call = 0 }, { name, message }) =>
    settle({ call, error: { name, message } }),
  );
  let calls = 0;
  let ids = 0;
  let dead: GenError | undefined;

  const settle = ({ call, value, error }: Answer): void => {
    const caller = waiting.get(call);
    waiting.delete(call);
    if (waiting.size === 0) port.hold?.(false);
    if (error === undefined) caller?.resolve(take(value) as never);
    else caller?.reject(fromWorker(error));
  };
  port.addEventListener("message", ({ data }) => {
    for (const message of data as (ArrayPart | Answer)[]) {
      if ("part" in message) add(message);
      else settle(message);
    }
  });
  port.start?.();
  const lost = port.died?.then((errorFor) => {
    const works = [...waiting.values()].map(({ work }) => work);
    dead = errorFor(works.find((work) => work !== reading) ?? works[0] ?? "idle");
    for (const { reject } of waiting.values()) reject(dead);
    waiting.clear();
    return dead;
  });

  const send = <M extends keyof Methods>(
    method: M,
    args: (swap: Swap) => Parameters<Methods[M]>,
    call?: number,
  ): void => {
    if (!dead) post((swap) => ({ method, args: args(swap), call }) satisfies Call<M>);
  };
  const ask = <M extends keyof Methods>(
    work: string,
    method: M,
    args: (swap: Swap) => Parameters<Methods[M]>,
  ) =>
    new Promise<Awaited<ReturnType<Methods[M]>>>((resolve, reject) => {
      if (dead) return reject(dead);
      calls++;
      waiting.set(calls, { work, resolve, reject });
      port.hold?.(true);
      send(method, args, calls);
    });
  /** Asks for an end, which a dead worker has reached. */
  const finish = (...[method, ...args]: ["close"] | ["dispose", number]) =>
    ask("closing", method, () => args as []).catch((error) => {
      if (!dead) throw error;
    });

  try {
    const name = await ask("opening", "open", () => [options]);
    return backendOver<number>({
      name,
      lost,
      write(array, shape, dtype) {
        ids++;
        const [id, own] = [ids, array.slice()];
        send("upload", (swap) => [id, swap(own), shape, dtype]);
        return id;
      },
      read: (tensor) => ask(reading, "download", () => [tensor]),
      free: (tensor) => send("free", () => [tensor]),
      async compile(graph: Graph, inPlace) {
        ids++;
        const program = ids;
        const model = graphText(graph);
        await ask(`compiling ${model}`, "compile", (swap) => [
          program,
          encodeGraph(graph, swap),
          inPlace,
        ]);
        return {
          run: (inputs) => ask(`running ${model}`, "run", () => [program, [...inputs]]),
          dispose: () => finish("dispose", program),
        };
      },
      async close() {
        await finish("close");
        port.end?.();
      },
    });
  } catch (error) {
    port.end?.();
    throw error;
  }
}

/** The worker's error as an error of the same class and code. */
function fromWorker({ message, name, code }: NonNullable<Answer["error"]>): Error {
  if (code === "invalid-argument") return new ArgumentError(message);
  if (name === "RangeError") return new RangeError(message);
  if (name === "TypeError") return new TypeError(message);
  return new GenError(code ?? "backend-failed", message);
}
