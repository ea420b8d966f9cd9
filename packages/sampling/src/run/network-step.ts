import { refused } from "@gen/math/arguments";
import type { Backend, Program } from "@gen/runtime-gpu";
import { conditionInputs, namedConditions } from "../denoiser/conditions.ts";
import type { Denoiser } from "../denoiser/denoiser.ts";
import { coefficientTable } from "./coefficients.ts";
import type { LoopStep, TakeStep } from "./loop.ts";
import type { SampleOptions } from "./sample-options.ts";
import { stepForm, stepGraph } from "./step-graph.ts";

/** A step on a backend, which holds its table and conditions until `free`. */
interface NetworkStep<T> extends LoopStep<T> {
  readonly backend: Backend<T>;
  free(): void;
}

/** Compiles network and step, unless `programs` holds them, and uploads the run's table. */
export async function networkStep<T>(
  denoiser: Denoiser,
  opening: Promise<Backend<T>> | undefined,
  programs: Map<string, Promise<Program<T>>>,
  options: SampleOptions,
): Promise<NetworkStep<T>> {
  const { steps, shape, clip = false } = options;
  const form = stepForm(steps, clip, denoiser);
  if (!opening) throw refused("backend", "given unless the denoiser is a function", opening);
  // One program serves all tables of up to 1024 rows.
  const rows = 2 ** Math.max(10, Math.ceil(Math.log2(steps.length)));
  const table = coefficientTable(steps, clip, form.depth, rows);
  const conditions = conditionInputs(namedConditions(options.condition, denoiser.condition));
  const signatures = Object.entries(conditions).map(([name, c]) => [name, c.shape, c.dtype]);
  const key = JSON.stringify([shape, table.shape, signatures, form]);
  const compile = () => {
    const graph = stepGraph(denoiser, shape, table.shape, conditions, form);
    return opening.then((opened) => opened.compile(graph));
  };
  const compiled = programs.get(key) ?? compile();
  programs.set(key, compiled);
  compiled.catch(() => programs.delete(key));
  const program = await compiled;
  const backend = await opening;
  const shared: Record<string, T> = {};
  const free = () => backend.dispose(...Object.values(shared));
  try {
    const inputs = { coefficients: { ...table, dtype: "float32" as const }, ...conditions };
    for (const [name, { data, shape, dtype }] of Object.entries(inputs)) {
      shared[name] = backend.upload(data, shape, dtype);
    }
  } catch (error) {
    free();
    throw error;
  }
  const takeStep: TakeStep<T> = async (row, inputs) => {
    const at = backend.upload([row, Math.round(steps[row].t)], [2], "int64");
    // Noise whose coefficient is 0 is fed x, which saves an upload.
    const running = program.run({ noise: inputs.x, ...inputs, ...shared, row: at });
    backend.dispose(at);
    return running;
  };
  return { backend, takeStep, depth: form.depth, free };
}
