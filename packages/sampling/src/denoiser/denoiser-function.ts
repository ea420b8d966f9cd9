import { type Signature, trace } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "../run/call-program.ts";
import {
  type ConditionOption,
  conditionInputs,
  conditionOf,
  namedConditions,
} from "./conditions.ts";
import type { Denoiser, DenoiserFunction } from "./denoiser.ts";

/** What {@link denoiserFunction} runs, and where. */
export interface DenoiserFunctionOptions<T = unknown> {
  readonly backend: Backend<T>;
  readonly denoiser: Denoiser;
  /** `[batch, ...]`. */
  readonly shape: readonly number[];
  /** The denoiser's conditions by name, or the labels `[batch]` of the only one. */
  readonly condition?: ConditionOption;
}

/** A compiled network as a function of numbers. */
export interface CompiledDenoiser extends DenoiserFunction {
  /** Frees the program; the function cannot be called afterwards. */
  dispose(): Promise<void>;
}

/**
 * A network on a backend as a function of numbers, for what works on functions: bounds, mixtures of
 * models, loops of your own. Each call copies x to the device and the output back.
 *
 * @throws RangeError or TypeError when the shapes do not fit.
 */
export async function denoiserFunction<T>({
  backend,
  denoiser,
  shape,
  condition,
}: DenoiserFunctionOptions<T>): Promise<CompiledDenoiser> {
  const conditions = conditionInputs(namedConditions(condition, denoiser.condition));
  const signature: Record<string, Signature> = {
    x: { shape },
    t: { shape: [shape[0]], dtype: "int64" },
    ...conditions,
  };
  const graph = trace(
    (inputs) => ({ y: denoiser.apply(inputs.x, inputs.t, conditionOf(inputs)) }),
    signature,
  );
  const program = await backend.compile(graph);
  const call = async (x: FloatArray, t: number): Promise<FloatArray> => {
    const times = new BigInt64Array(shape[0]).fill(BigInt(Math.round(t)));
    const { y } = await callProgram(backend, program, {
      x: { data: x, shape },
      t: { data: times, shape: [shape[0]], dtype: "int64" },
      ...conditions,
    });
    return y;
  };
  return Object.assign(call, { dispose: () => program.dispose() });
}
