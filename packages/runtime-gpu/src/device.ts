/*
 * From a runtime to a backend: a device writes, reads and frees its handles and compiles graphs.
 *
 *   Backend(device) = device + checks of inputs + lifetimes (ledger.ts) + one run at a time
 *
 * `onnx/host-device.ts`, `onnx/gpu-device.ts` and `tfjs.ts` are devices; `sampler` and `train` see
 * the backend alone.
 *
 *   backendOver({ name: "mine", write, read, free, compile, close })
 */

import { type DType, type Graph, type Input, shapeText } from "@gen/graph";
import { type Bindings, bindDims, resolveShape } from "@gen/graph/compiler";
import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { Backend, CompileOptions, HostArray, Program } from "./backend.ts";
import { graphText } from "./graph-errors.ts";
import { type DeviceTensor, Ledger } from "./ledger.ts";
import { serialQueue } from "./serial-queue.ts";

/** Outputs that take the memory of inputs, by name. */
export type InPlace = NonNullable<CompileOptions["inPlace"]>;

/** What a runtime must do to become a backend. */
export interface Device<Handle> {
  readonly name: string;
  /** Settles with the reason when the device is lost; undefined if it cannot be lost. */
  readonly lost?: Promise<string | GenError>;
  /** Copies `array` to the device. It has the right length, and the caller keeps it. */
  write(array: HostArray, shape: readonly number[], dtype: DType): Handle;
  read(handle: Handle, kind: DeviceTensor): Promise<Float32Array | Float64Array>;
  free(handle: Handle): void;
  /** An output of `inPlace` may be its input's own handle, with new elements. */
  compile(graph: Graph, inPlace?: InPlace): Promise<Executable<Handle>>;
  close(): Promise<void>;
}

/** A compiled graph of a device. Its inputs are checked before, and one run is made at a time. */
export interface Executable<Handle> {
  run(inputs: ReadonlyMap<string, Handle>, dims: Bindings): Promise<Record<string, Handle>>;
  dispose(): Promise<void>;
}

/** A backend over `device`. */
export function backendOver<Handle>(device: Device<Handle>): Backend<DeviceTensor> {
  const programs = new Set<Program<DeviceTensor>>();
  let closing: Promise<void> | undefined;
  const { inTurn, abandon } = serialQueue();
  let lost: GenError | undefined;

  const checkOpen = (): void => {
    if (lost) throw lost;
    if (closing) throw new GenError("disposed", `backend ${device.name} is closed`);
  };

  const loss = device.lost?.then((reason): never => {
    checkOpen();
    const message = `${device.name} lost its device (${reason}); open a new backend`;
    lost = reason instanceof GenError ? reason : new GenError("device-lost", message);
    // Runs under way may never end, so nothing waits for them.
    abandon();
    void end().catch(() => undefined);
    throw lost;
  });
  loss?.catch(() => undefined);

  const free = (handle: Handle): void => {
    try {
      device.free(handle);
    } catch (error) {
      // A runtime may have freed it when its device was lost.
      if (!lost) throw error;
    }
  };

  /** Throws an error of the library as our own. A refusal of an argument keeps its class. */
  const failure = (work: string, graph: Graph) => (cause: unknown) => {
    if ([GenError, RangeError, TypeError].some((kind) => cause instanceof kind)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${device.name} failed while ${work} ${graphText(graph)}: ${reason}`;
    throw new GenError("backend-failed", message, { cause });
  };

  const ledger = new Ledger<Handle>(free);
  const unlessLost = <R>(work: Promise<R>): Promise<R> => (loss ? untilLost(work, loss) : work);

  const end = (): Promise<void> => {
    closing ??= (async () => {
      const ended = Promise.all([...programs].map((p) => p.dispose()));
      if (lost) ledger.disposeAll();
      await ended;
      ledger.disposeAll();
      await device.close();
    })();
    return closing;
  };

  const programOf = (
    graph: Graph,
    executable: Executable<Handle>,
    inPlace: InPlace,
  ): Program<DeviceTensor> => {
    let ended: Promise<void> | undefined;
    const outputs = Object.entries(graph.outputs);
    const named = [...graph.inputs, ...Object.values(graph.outputs)].some(({ shape }) =>
      shape.some((d) => typeof d === "string"),
    );
    const program: Program<DeviceTensor> = {
      async run(inputs) {
        checkOpen();
        if (ended) throw new GenError("disposed", "program was disposed");
        const dims = checkInputs(graph, inputs, named);
        const handles = new Map<string, Handle>();
        for (const { name } of graph.inputs) handles.set(name, ledger.handleOf(inputs[name]));
        const taken = takenInputs(inPlace, inputs);
        const own = ledger.take(taken);
        const made = await ledger
          .whileRunning(() => unlessLost(inTurn(() => executable.run(handles, dims ?? {}))))
          .catch((error) => {
            if (closing || lost) ledger.free(own);
            else ledger.giveBack(taken, own);
            return failure("running", graph)(error);
          });
        const kept = new Set(Object.values(made));
        ledger.free(own.filter((handle) => !kept.has(handle)));
        if (closing) {
          Object.values(made).forEach(free);
          checkOpen();
        }
        return Object.fromEntries(
          outputs.map(([name, { dtype, shape }]) => [
            name,
            ledger.hold(made[name], dtype, dims ? resolveShape(shape, dims) : (shape as number[])),
          ]),
        );
      },
      dispose() {
        ended ??= inTurn(async () => {
          programs.delete(program);
          await executable.dispose();
        });
        return ended;
      },
    };
    programs.add(program);
    return program;
  };

  return {
    name: device.name,
    async compile(graph, { inPlace = {} } = {}) {
      checkOpen();
      checkInPlace(graph, inPlace);
      const compiled = await device.compile(graph, inPlace).catch(failure("compiling", graph));
      return programOf(graph, compiled, inPlace);
    },
    upload(array: HostArray, shape: readonly number[], dtype: DType = "float32") {
      checkOpen();
      const size = shape.reduce((a, b) => a * b, 1);
      if (array.length !== size) {
        const expected = `shape ${shapeText(shape)} takes ${size} elements`;
        throw new ArgumentError(`upload: ${expected}, got ${array.length}`);
      }
      return ledger.hold(device.write(array, shape, dtype), dtype, shape);
    },
    async download(of) {
      checkOpen();
      const handle = ledger.handleOf(of);
      return ledger.whileReading(handle, () => unlessLost(device.read(handle, of)));
    },
    shapeOf: (of) => of.shape,
    dispose: (...tensors) => ledger.dispose(tensors),
    memory: () => ledger.memory(),
    close: end,
  };
}

/**
 * The tensors that a run takes over.
 * @throws RangeError when one of them is another input too, which would be overwritten.
 */
function takenInputs(
  inPlace: InPlace,
  inputs: Readonly<Record<string, DeviceTensor>>,
): DeviceTensor[] {
  const given = Object.entries(inputs);
  return Object.values(inPlace).map((name) => {
    const tensor = inputs[name];
    const other = given.find(([each, same]) => same === tensor && each !== name);
    if (!other) return tensor;
    throw new ArgumentError(`${name} is taken in place, so it must not be ${other[0]} as well`);
  });
}

/** @throws RangeError when an output does not fit the memory of its input. */
function checkInPlace({ inputs, outputs }: Graph, inPlace: InPlace): void {
  const names = Object.values(inPlace);
  for (const [output, name] of Object.entries(inPlace)) {
    const from = inputs.find((each) => each.name === name);
    const to = Object.hasOwn(outputs, output) ? outputs[output] : undefined;
    const text = (e: Input | Graph["outputs"][string] | undefined) =>
      e ? `${e.dtype} ${shapeText(e.shape)}` : "none";
    if (!from || text(from) !== text(to)) {
      throw new ArgumentError(
        `inPlace must join outputs and inputs of one dtype and shape, got ${output} (${text(to)}) in ${name} (${text(from)})`,
      );
    }
    if (names.indexOf(name) === names.lastIndexOf(name)) continue;
    throw new ArgumentError(`inPlace must name each input once, got ${name} twice`);
  }
}

/**
 * Checks a run's inputs against a graph's. Returns its named dimensions if it has any.
 * @throws RangeError when an input is missing or unknown, or its dtype or shape does not fit.
 */
function checkInputs(
  { inputs }: Graph,
  given: Readonly<Record<string, DeviceTensor>>,
  named: boolean,
): Bindings | undefined {
  for (const name of Object.keys(given)) {
    if (inputs.some((each) => each.name === name)) continue;
    const names = inputs.map((each) => each.name);
    throw new ArgumentError(`unknown input ${name}; the graph takes ${names.join(", ") || "none"}`);
  }
  for (const { name, dtype, shape } of inputs) {
    const got = given[name];
    if (!got) throw new ArgumentError(`input ${name} ${dtype} ${shapeText(shape)} is missing`);
    if (got.dtype === dtype) continue;
    throw new ArgumentError(
      `input ${name} must be ${dtype} ${shapeText(shape)}, got ${got.dtype} ${shapeText(got.shape)}`,
    );
  }
  const fits = ({ name, shape }: Input) =>
    shape.length === given[name].shape.length && shape.every((d, i) => d === given[name].shape[i]);
  if (!named && inputs.every(fits)) return undefined;
  const shapes = Object.fromEntries(inputs.map(({ name }) => [name, given[name].shape]));
  return bindDims(inputs, shapes);
}

/** `work`, or the loss of the device if that is why it fails or does not end. */
async function untilLost<R>(work: Promise<R>, loss: Promise<never>): Promise<R> {
  try {
    return await Promise.race([work, loss]);
  } catch (error) {
    // A runtime may fail before it reports the loss; the report comes soon after.
    await Promise.race([loss, new Promise((resolve) => setTimeout(resolve, 20))]);
    throw error;
  }
}
