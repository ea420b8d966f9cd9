/*
 * Moves the tensors of a training between host and device. The state is a list of device tensors,
 * one for each slot of the step's graph and in the slots' order.
 */
import { type Input, tensor, tensorNumbers } from "@gen/graph";
import type { Backend, Program } from "@gen/runtime-gpu";
import type { BatchInput } from "./batch-input.ts";
import { drawMasks } from "./dropout-masks.ts";
import { sizeOf } from "./size-of.ts";
import type { Slot, StepGraph } from "./step-graph.ts";
import { type FloatTensor, storedNumbers } from "./stored-tensor.ts";
import { mapValues } from "./substitute.ts";
import { kindsOf, stateOf, type TrainingState } from "./training-state.ts";

/** A step graph, compiled. */
export interface CompiledSteps<T> extends StepGraph {
  readonly program: Program<T>;
}

/** What the host gives to one step. `seed` and `step` decide what dropout drops. */
export interface HostStep {
  readonly batch: Readonly<Record<string, BatchInput>>;
  readonly rates: readonly number[];
  readonly seed: number;
  readonly step: number;
}

/**
 * Uploads the state that training starts from: `resume`, or the parameters' values and zeros.
 * @throws RangeError when `resume` lacks a tensor or has one of another shape; nothing is uploaded
 * then.
 */
export function uploadState<T>(
  backend: Backend<T>,
  slots: readonly Slot[],
  resume?: TrainingState,
): T[] {
  const saved = resume && kindsOf(resume);
  const values = slots.map(({ kind, parts, input: { shape } }) => {
    const data = new Float32Array(sizeOf(shape as number[]));
    for (const { parameter, offset } of parts) {
      const { name, value } = parameter;
      if (saved) {
        const tensors = saved[kind] ?? {};
        const stored = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
        data.set(storedNumbers(`resume's ${kind}/${name}`, stored, parameter.shape), offset);
      } else if (kind === "weights" || kind === "ema") data.set(tensorNumbers(value), offset);
    }
    return { data, shape: shape as number[] };
  });
  return values.map(({ data, shape }) => backend.upload(data, shape));
}

/** Reads the state of `step` back. */
export async function downloadState<T>(
  backend: Backend<T>,
  slots: readonly Slot[],
  state: readonly T[],
  step: number,
): Promise<TrainingState> {
  const tensors: [kind: string, name: string, one: FloatTensor][] = [];
  for (const [i, { kind, parts }] of slots.entries()) {
    const numbers = await backend.download(state[i]);
    for (const { parameter, offset, size } of parts) {
      const part = tensor(numbers.slice(offset, offset + size), parameter.shape);
      tensors.push([kind, parameter.name, part as FloatTensor]);
    }
  }
  return stateOf(step, tensors);
}

/**
 * Runs compiled steps on what the host gives to each: to the next state, the last step's losses and
 * each step's numbers of each sample, all of which the caller frees. The old state is freed.
 * @throws RangeError when a batch lacks an input. Nothing stays uploaded then.
 */
export async function runSteps<T>(
  backend: Backend<T>,
  steps: CompiledSteps<T>,
  state: readonly T[],
  given: readonly HostStep[],
): Promise<{
  state: readonly T[];
  losses: Readonly<Record<string, T>>;
  samples: readonly Readonly<Record<string, T>>[];
}> {
  const inputs = uploadInputs(backend, steps, given);
  let made: Record<string, T>;
  try {
    const held = steps.state.map((slot, i) => [slot.input.name, state[i]]);
    made = await steps.program.run({ ...inputs, ...Object.fromEntries(held) });
  } finally {
    backend.dispose(...Object.values(inputs));
  }
  backend.dispose(...state);
  return {
    state: steps.state.map(({ output }) => made[output]),
    losses: mapValues(steps.losses, (output) => made[output]),
    samples: steps.steps.map(({ samples }) => mapValues(samples, (output) => made[output])),
  };
}

function uploadInputs<T>(
  backend: Backend<T>,
  { steps }: CompiledSteps<T>,
  given: readonly HostStep[],
): Record<string, T> {
  const made: Record<string, T> = {};
  const upload = ({ name, dtype }: Input, one: BatchInput) => {
    made[name] = backend.upload(one.data, one.shape, one.dtype ?? dtype);
  };
  try {
    for (const [k, { batch: inputs, masks, rates }] of steps.entries()) {
      const { batch, rates: numbers, ...key } = given[k];
      const missing = Object.keys(inputs).find((name) => !batch[name]);
      if (missing !== undefined) {
        const got = Object.keys(batch).join(", ");
        throw new RangeError(`batches must give ${missing}, got ${got}`);
      }
      const shapes: Record<string, readonly number[]> = {};
      for (const [name, one] of Object.entries(inputs)) {
        shapes[one.name] = batch[name].shape;
        upload(one, batch[name]);
      }
      const drawn = drawMasks(masks, Object.values(inputs), shapes, key);
      for (const [i, mask] of drawn.entries()) upload(masks[i].input, mask);
      upload(rates, { data: numbers, shape: [numbers.length] });
    }
    return made;
  } catch (error) {
    backend.dispose(...Object.values(made));
    throw error;
  }
}
