import type { Signature } from "@gen/graph";
import type { Backend, Program } from "@gen/runtime-gpu";
import { lossName, nextName, RATES, type StepGraph, stateName } from "./step-graph.ts";
import type { BatchInput } from "./train-options.ts";
import type { DeviceState } from "./training-state.ts";

/**
 * Uploads a step's inputs and rates.
 * @throws RangeError when the batch lacks an input; nothing stays uploaded then.
 */
export function uploadInputs<T, Name extends string>(
  backend: Backend<T>,
  signature: Readonly<Record<Name, Signature>>,
  batch: Record<Name, BatchInput>,
  rates: number[],
): Record<string, T> {
  const names = Object.keys(signature) as Name[];
  const missing = names.find((name) => !batch[name]);
  if (missing !== undefined)
    throw new RangeError(`batches must give ${missing}, got ${Object.keys(batch).join(", ")}`);
  const made: Record<string, T> = {};
  try {
    for (const name of names) {
      const { data, shape, dtype = signature[name].dtype } = batch[name];
      made[name] = backend.upload(data, shape, dtype);
    }
    made[RATES] = backend.upload(rates, [rates.length]);
    return made;
  } catch (error) {
    backend.dispose(...Object.values(made));
    throw error;
  }
}

/** Runs one step; the old state and the inputs are freed, whatever happens the new ones are the caller's. */
export async function advance<T>(
  backend: Backend<T>,
  program: Program<T>,
  { packs, kinds, losses: names }: StepGraph,
  state: DeviceState<T>,
  inputs: Record<string, T>,
): Promise<{ state: DeviceState<T>; losses: Record<string, T> }> {
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
  const losses = Object.fromEntries(names.map((name) => [name, made[lossName(name)]]));
  return { state: next, losses };
}
