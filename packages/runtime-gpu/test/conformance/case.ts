import {
  type DType,
  type Expr,
  type Graph,
  type Signature,
  type Tensor,
  type TensorData,
  tensor,
  tensorNumbers,
  trace,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import type { Backend, DeviceTensor } from "../../src/index.ts";

/** What a backend can be expected to do. */
export interface Limits {
  /** Largest difference from the float64 evaluation, relative to `1 + |expected|`. */
  tolerance: number;
  /** Dtypes that the device lacks. */
  without?: readonly DType[];
}

/** One requirement of every backend; it throws where the backend does not meet it. */
export interface Case {
  name: string;
  needs?: readonly DType[];
  run(backend: Backend<DeviceTensor>, limits: Limits): Promise<void>;
}

export function check(ok: boolean, message: string): void {
  if (!ok) throw new Error(message);
}

export function same(what: string, got: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  check(a === b, `${what}: got ${a}, wanted ${b}`);
}

/** Expects an error whose message holds every one of `parts`. */
export async function fails(what: string, act: () => unknown, ...parts: string[]): Promise<void> {
  let message: string | undefined;
  try {
    await act();
  } catch (error) {
    message = (error as Error).message;
  }
  check(message !== undefined, `${what}: no error`);
  for (const part of parts) {
    check(String(message).includes(part), `${what}: "${message}" does not say "${part}"`);
  }
  check(!String(message).includes("\n"), `${what}: the message has more than one line`);
}

/** Seeded multiples of 1/8 in [low, high], which every float dtype holds exactly. */
export function eighths(count: number, seed: number, low = -3, high = 3): number[] {
  let state = seed * 7919 + 17;
  return Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return low + Math.floor((state / 2147483647) * ((high - low) * 8 + 1)) / 8;
  });
}

type Inputs = Record<
  string,
  Signature & { values?: readonly number[]; low?: number; high?: number }
>;

/** Test data for an input; integers and booleans from the same stream. */
function fill(spec: Inputs[string], shape: readonly number[], seed: number): Tensor {
  const { dtype = "float32", values, low, high } = spec;
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = values
    ? Array.from({ length: size }, (_, i) => values[i % values.length])
    : eighths(size, seed, low, high);
  const rounded = dtype.startsWith("float") ? numbers : numbers.map(Math.floor);
  return tensor(dtype === "bool" ? rounded.map((v) => (v > 0 ? 1 : 0)) : rounded, shape, dtype);
}

export function tensorsFor(signature: Inputs, batch: number): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(signature).map(([name, spec], i) => {
      const shape = spec.shape.map((d) => (d === "batch" ? batch : Number(d)));
      return [name, fill(spec, shape, 10 * batch + i)];
    }),
  );
}

export const uploadAll = (backend: Backend<DeviceTensor>, tensors: Record<string, Tensor>) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape, dtype }]) => [
      name,
      backend.upload(data as TensorData, shape, dtype),
    ]),
  );

/** Compares a device's tensor with what the evaluation says. */
export async function agrees(
  backend: Backend<DeviceTensor>,
  what: string,
  got: DeviceTensor,
  wanted: Tensor,
  dtype: DType,
  tolerance: number,
): Promise<void> {
  same(`${what} shape`, backend.shapeOf(got), wanted.shape);
  same(`${what} dtype`, got.dtype, dtype);
  const values = await backend.download(got);
  const expected = tensorNumbers(wanted);
  same(`${what} elements`, values.length, expected.length);
  const allowed = dtype === "float16" ? Math.max(tolerance, 2e-3) : tolerance;
  for (let i = 0; i < expected.length; i++) {
    const close = Math.abs(values[i] - expected[i]) <= allowed * (1 + Math.abs(expected[i]));
    check(
      close || Object.is(values[i], expected[i]),
      `${what}[${i}]: got ${values[i]}, wanted ${expected[i]}`,
    );
  }
}

/** Runs a compiled graph on one batch size and compares every output; nothing may stay alive. */
export async function matches(
  backend: Backend<DeviceTensor>,
  graph: Graph,
  tensors: Record<string, Tensor>,
  { tolerance }: Limits,
  program?: Awaited<ReturnType<typeof backend.compile>>,
): Promise<void> {
  const before = backend.memory().live;
  const own = program ?? (await backend.compile(graph));
  const inputs = uploadAll(backend, tensors);
  const outputs = await own.run(inputs);
  const wanted = evaluate(graph, tensors);
  same("outputs", Object.keys(outputs).sort(), Object.keys(wanted).sort());
  for (const [name, e] of Object.entries(graph.outputs)) {
    await agrees(backend, name, outputs[name], wanted[name], e.dtype, tolerance);
  }
  backend.dispose(...Object.values(inputs), ...Object.values(outputs));
  if (!program) await own.dispose();
  same("live tensors afterwards", backend.memory().live, before);
}

/** A graph that must agree with the float64 evaluation at two batch sizes. */
export function agreement(
  name: string,
  signature: Inputs,
  f: (inputs: Record<string, Expr>) => Record<string, Expr>,
  needs?: readonly DType[],
): Case {
  return {
    name,
    needs,
    async run(backend, limits) {
      const graph = trace(f, signature);
      const program = await backend.compile(graph);
      for (const batch of [3, 2]) {
        await matches(backend, graph, tensorsFor(signature, batch), limits, program);
      }
      await program.dispose();
    },
  };
}
