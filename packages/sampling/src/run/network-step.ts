import type { Tensor } from "@gen/graph";
import { refused } from "@gen/math/arguments";
import type { Backend, Program } from "@gen/runtime-gpu";
import { type Conditions, conditionInputs, denoiserConditions } from "../denoiser/conditions.ts";
import type { Denoiser } from "../denoiser/denoiser.ts";
import { sizeOf } from "../denoiser/shapes.ts";
import { coefficientRow } from "./coefficients.ts";
import { type LoopStep, pastInput, type TakeStep } from "./loop.ts";
import type { SampleOptions } from "./sample-options.ts";
import { stepForm, stepGraph } from "./step-graph.ts";

/** A step on a backend, which holds its conditions until `free`. */
interface NetworkStep<T> extends LoopStep<T> {
  readonly backend: Backend<T>;
  free(): void;
}

/** Compiles network and step, unless `programs` holds them, and uploads the run's conditions. */
export async function networkStep<T>(
  denoiser: Denoiser,
  opening: Promise<Backend<T>> | undefined,
  programs: Map<string, Promise<Program<T>>>,
  options: SampleOptions,
): Promise<NetworkStep<T>> {
  const { steps, shape, clip = false } = options;
  const form = stepForm(steps, clip, denoiser);
  if (!opening) throw refused("backend", "given unless the denoiser is a function", opening);
  const conditions = conditionInputs(denoiserConditions(denoiser, options.condition));
  const changing = (row: number) => conditionInputs(options.stepConditions?.(row));
  const all = { ...conditions, ...changing(0) };
  const signatures = Object.entries(all).map(([name, c]) => [name, c.shape, c.dtype]);
  const key = JSON.stringify([shape, signatures, form]);
  const compile = () => {
    const graph = stepGraph(denoiser, shape, all, form);
    return opening.then((opened) => opened.compile(graph, { inPlace: { x: "x" } }));
  };
  const compiled = programs.get(key) ?? compile();
  programs.set(key, compiled);
  compiled.catch(() => programs.delete(key));
  const program = await compiled;
  const backend = await opening;
  const upload = (tensors: Conditions<Tensor>, to: Record<string, T>): Record<string, T> => {
    for (const [name, { data, shape, dtype }] of Object.entries(tensors)) {
      to[name] = backend.upload(data, shape, dtype);
    }
    return to;
  };
  const shared: Record<string, T> = {};
  const free = () => backend.dispose(...new Set(Object.values(shared)));
  try {
    // What a row does not add has the coefficient 0.
    shared.noise = backend.upload(new Float32Array(sizeOf(shape)), shape);
    for (let i = 0; i < form.depth; i++) shared[pastInput(i)] = shared.noise;
    upload(conditions, shared);
  } catch (error) {
    free();
    throw error;
  }
  const takeStep: TakeStep<T> = async (row, inputs) => {
    const { t } = steps[row];
    const coefficients = coefficientRow(steps[row], clip, form.depth);
    const own = upload(changing(row), {
      coefficients: backend.upload(coefficients, [coefficients.length]),
      time: backend.upload([t], [1], form.fractional ? "float32" : "int64"),
    });
    const running = program.run({ ...shared, ...inputs, ...own });
    backend.dispose(...Object.values(own));
    return running;
  };
  return { backend, takeStep, depth: form.depth, free };
}
