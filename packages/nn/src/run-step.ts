import { input, type Signature } from "@gen/graph";
import type { Backend, Program } from "@gen/runtime-gpu";
import { chainedName } from "./chained-steps.ts";
import { drawMasks } from "./dropout-masks.ts";
import { lossName, nextName, RATES, type StepGraph, stateName } from "./step-graph.ts";
import type { BatchInput } from "./train-options.ts";
import type { DeviceState } from "./training-state.ts";

/**
 * Uploads the inputs, rates and dropout's masks of one step, or of several in a chain, `first` being
 * the number of steps before.
 * @throws RangeError when a batch lacks an input; nothing stays uploaded then.
 */
export function uploadInputs<T, Name extends string>(
  backend: Backend<T>,
  signature: Readonly<Record<Name, Signature>>,
  batches: readonly Record<Name, BatchInput>[],
  rates: readonly number[][],
  masks: StepGraph["masks"],
  { seed, step: first }: { seed: number; step: number },
): Record<string, T> {
  const names = Object.keys(signature) as Name[];
  const inputs = names.map((name) => input(name, signature[name]));
  const made: Record<string, T> = {};
  try {
    for (const [k, batch] of batches.entries()) {
      const called = (name: string) => (batches.length === 1 ? name : chainedName(k, name));
      const missing = names.find((name) => !batch[name]);
      if (missing !== undefined) {
        const got = Object.keys(batch).join(", ");
        throw new RangeError(`batches must give ${missing}, got ${got}`);
      }
      for (const name of names) {
        const { data, shape, dtype = signature[name].dtype } = batch[name];
        made[called(name)] = backend.upload(data, shape, dtype);
      }
      const shapes = Object.fromEntries(names.map((name) => [name, batch[name].shape]));
      const drawn = drawMasks(masks, inputs, shapes, { seed, step: first + k });
      for (const [name, { data, shape, dtype }] of Object.entries(drawn)) {
        made[called(name)] = backend.upload(data, shape, dtype);
      }
      made[called(RATES)] = backend.upload(rates[k], [rates[k].length]);
    }
    return made;
  } catch (error) {
    backend.dispose(...Object.values(made));
    throw error;
  }
}

/**
 * Runs a program of so many steps; the old state and the inputs are freed, whatever happens the new
 * ones are the caller's.
 */
export async function advance<T>(
  backend: Backend<T>,
  program: Program<T>,
  { packs, kinds, losses: names, perSample }: StepGraph,
  state: DeviceState<T>,
  inputs: Record<string, T>,
  count: number,
): Promise<{ state: DeviceState<T>; losses: Record<string, T>; samples: Record<string, T>[] }> {
  let made: Record<string, T>;
  try {
    made = await program.run({ ...inputs, ...state });
  } finally {
    backend.dispose(...Object.values(inputs));
  }
  backend.dispose(...Object.values(state));
  const next: DeviceState<T> = {};
  for (const i of packs.keys()) {
    for (const kind of kinds) next[stateName(kind, i)] = made[nextName(kind, i)];
  }
  const named = (of: readonly string[], called: (name: string) => string) =>
    Object.fromEntries(of.map((name) => [name, made[called(lossName(name))]]));
  const samples = Array.from({ length: perSample.length > 0 ? count : 0 }, (_, k) =>
    named(perSample, (name) => (count === 1 ? name : chainedName(k, name))),
  );
  return { state: next, losses: named(names, (name) => name), samples };
}
