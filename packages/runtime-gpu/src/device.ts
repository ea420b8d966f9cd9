/*
 * From a runtime to a backend: a device writes, reads and frees its own handles and compiles graphs.
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
import type { Backend, HostArray, Program } from "./backend.ts";
import { type DeviceTensor, Ledger } from "./ledger.ts";
import { serialQueue } from "./serial-queue.ts";

/** What a runtime must do to become a backend; checks, lifetimes and ordering are the same for all. */
export interface Device<Handle> {
  readonly name: string;
  /** Settles with the reason when the device is gone for good; a device that cannot be lost has none. */
  readonly lost?: Promise<string>;
  /** Copies `array`, of the right length and kept by the caller, to the device. */
  write(array: HostArray, shape: readonly number[], dtype: DType): Handle;
  read(handle: Handle, kind: DeviceTensor): Promise<Float32Array | Float64Array>;
  free(handle: Handle): void;
  compile(graph: Graph): Promise<Executable<Handle>>;
  close(): Promise<void>;
}

/** A compiled graph of a device: its inputs are checked before it sees them, and one run is made at a time. */
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

  const open = (): void => {
    if (lost) throw lost;
    if (closing) throw new GenError("disposed", `backend ${device.name} is closed`);
  };

  const loss = device.lost?.then((reason): never => {
    if (closing) throw new GenError("disposed", `backend ${device.name} is closed`);
    lost = new GenError(
      "device-lost",
      `${device.name} lost its device (${reason}); open a new backend`,
    );
    // What was under way may never end, and nothing waits for it any more.
    abandon();
    void end().catch(() => undefined);
    throw lost;
  });
  loss?.catch(() => undefined);

  const free = (handle: Handle): void => {
    try {
      device.free(handle);
    } catch (error) {
      // The runtime may have let go of it when its device went.
      if (!lost) throw error;
    }
  };

  const ledger = new Ledger<Handle>(free);
  const unlessLost = <R>(made: Promise<R>): Promise<R> => (loss ? untilLost(made, loss) : made);

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

  const programOf = (graph: Graph, executable: Executable<Handle>): Program<DeviceTensor> => {
    let ended: Promise<void> | undefined;
    const outputs = Object.entries(graph.outputs);
    const named = [...graph.inputs, ...Object.values(graph.outputs)].some(({ shape }) =>
      shape.some((d) => typeof d === "string"),
    );
    const program: Program<DeviceTensor> = {
      async run(inputs) {
        open();
        if (ended) throw new GenError("disposed", "program was disposed");
        const dims = checkInputs(graph, inputs, named);
        const handles = new Map<string, Handle>();
        for (const { name } of graph.inputs) handles.set(name, ledger.handleOf(inputs[name]));
        const made = await ledger.whileRunning(() =>
          unlessLost(inTurn(() => executable.run(handles, dims ?? {}))),
        );
        if (closing) {
          Object.values(made).forEach(free);
          open();
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
    async compile(graph) {
      open();
      return programOf(graph, await device.compile(graph));
    },
    upload(array: HostArray, shape: readonly number[], dtype: DType = "float32") {
      open();
      const size = shape.reduce((a, b) => a * b, 1);
      if (array.length !== size) {
        throw new RangeError(
          `upload: shape ${shapeText(shape)} takes ${size} elements, got ${array.length}`,
        );
      }
      return ledger.hold(device.write(array, shape, dtype), dtype, shape);
    },
    async download(of) {
      open();
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
 * Checks a run's inputs against a graph's, and works out its named dimensions where it has any.
 * @throws TypeError for a missing or unknown input or a wrong dtype, RangeError for a shape that does not fit.
 */
function checkInputs(
  { inputs }: Graph,
  given: Readonly<Record<string, DeviceTensor>>,
  named: boolean,
): Bindings | undefined {
  for (const name of Object.keys(given)) {
    if (inputs.some((each) => each.name === name)) continue;
    const names = inputs.map((each) => each.name);
    throw new TypeError(`unknown input ${name}; the graph takes ${names.join(", ") || "none"}`);
  }
  for (const { name, dtype, shape } of inputs) {
    const got = given[name];
    if (!got) throw new TypeError(`input ${name} ${dtype} ${shapeText(shape)} is missing`);
    if (got.dtype === dtype) continue;
    throw new TypeError(
      `input ${name} must be ${dtype} ${shapeText(shape)}, got ${got.dtype} ${shapeText(got.shape)}`,
    );
  }
  const fits = ({ name, shape }: Input) =>
    shape.length === given[name].shape.length && shape.every((d, i) => d === given[name].shape[i]);
  if (!named && inputs.every(fits)) return undefined;
  const shapes = Object.fromEntries(inputs.map(({ name }) => [name, given[name].shape]));
  return bindDims(inputs, shapes);
}

/** `work`, or the loss of the device where that is why it fails or does not end. */
async function untilLost<R>(work: Promise<R>, loss: Promise<never>): Promise<R> {
  try {
    return await Promise.race([work, loss]);
  } catch (error) {
    // A runtime may notice before it is told: the loss is then known within a turn of the event loop.
    const told = new Promise((later) => setTimeout(later, 20));
    await Promise.race([loss, told]);
    throw error;
  }
}
