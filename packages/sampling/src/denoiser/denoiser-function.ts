import { type Expr, trace } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import { checkOptions, rules } from "@gen/math/arguments";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";
import type { SampleOptions } from "../run/sample-options.ts";
import { conditionInputs, conditionOf, denoiserConditions } from "./conditions.ts";
import type { Denoiser, DenoiserFunction } from "./denoiser.ts";

/** The network and the backend of {@link denoiserFunction}. */
export interface DenoiserFunctionOptions<T = unknown>
  extends Pick<SampleOptions, "shape" | "condition"> {
  /** The backend that runs the network. */
  readonly backend: Backend<T>;
  /** The network. */
  readonly denoiser: Denoiser;
}

/** A compiled network as a function of numbers. */
export interface CompiledDenoiser extends DenoiserFunction {
  /** Frees the program; the function cannot be called afterwards. */
  dispose(): Promise<void>;
}

/**
 * A network on a backend as a function of numbers, for code that works on functions: bounds,
 * mixtures of models, your own loops. Each call copies x to the device and the output back.
 *
 * @param options The network, its backend, the shape `[batch, ...]` of x, and any conditions.
 * @throws RangeError when the shapes do not fit.
 */
export async function denoiserFunction<T>(
  options: DenoiserFunctionOptions<T>,
): Promise<CompiledDenoiser> {
  checkOptions(options, { backend: rules.BACKEND, denoiser: rules.DENOISER, shape: rules.SIZES });
  const { backend, denoiser, shape } = options;
  const conditions = conditionInputs(denoiserConditions(denoiser, options.condition));
  const dtype = denoiser.fractionalTime ? "float32" : "int64";
  const time = { shape: [shape[0]], dtype } as const;
  const graph = trace(
    (inputs: Record<string, Expr>) => ({
      y: denoiser.apply(inputs.x, inputs.t, conditionOf(inputs)),
    }),
    { x: { shape }, t: time, ...conditions },
  );
  const program = await backend.compile(graph);
  const call = async (x: FloatArray, t: number): Promise<FloatArray> => {
    const data =
      dtype === "float32"
        ? new Float32Array(shape[0]).fill(t)
        : new BigInt64Array(shape[0]).fill(BigInt(Math.round(t)));
    const inputs = { x: { data: x, shape }, t: { data, ...time }, ...conditions };
    return (await callProgram(backend, program, inputs)).y;
  };
  return Object.assign(call, { dispose: () => program.dispose() });
}
