/*
 * Moves the tensors of a training between host and device. The state is device tensors by the inputs
 * of their slots.
 */

import { type Input, tensor, tensorNumbers } from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";
import type { Backend, Program } from "@gen/runtime-gpu";
import { drawMasks } from "./dropout-masks.ts";
import { sizeOf } from "./initializers.ts";
import type { Slot } from "./slots.ts";
import type { StepGraph } from "./step-graph.ts";
import { mapValues } from "./substitute.ts";
import type { BatchInput } from "./train-options.ts";
import { kindsOf, stateOf, type TrainingState } from "./training-state.ts";
import { type FloatTensor, storedNumbers } from "./weights.ts";

/** A step graph, compiled. */
export interface CompiledSteps<T> extends StepGraph {
  readonly program: Program<T>;
}

/** The tensors of a state, by the names of their slots' inputs. */
export type DeviceState<T> = Readonly<Record<string, T>>;

/** The host's inputs of one step. `seed`, `step` and `part` decide what dropout drops. */
export interface HostStep {
  readonly batch: Readonly<Record<string, BatchInput>>;
  readonly rates: readonly number[];
  readonly seed: number;
  readonly step: number;
  /** The batch's number among the parts of the step. */
  readonly part: number;
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
): DeviceState<T> {
  const saved = resume && kindsOf(resume);
  const values = slots.map(({ kind, parts, input }) => {
    const shape = input.shape as number[];
    const data = new Float32Array(sizeOf(shape));
    for (const { parameter, offset } of parts) {
      const { name, value } = parameter;
      if (saved) {
        const tensors = saved[kind] ?? {};
        const stored = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
        data.set(storedNumbers(`resume's ${kind}/${name}`, stored, parameter.shape), offset);
      } else if (kind === "weights" || kind === "ema") data.set(tensorNumbers(value), offset);
    }
    return { name: input.name, data, shape };
  });
  return Object.fromEntries(
    values.map(({ name, data, shape }) => [name, backend.upload(data, shape)]),
  );
}

/** Reads the state of `step` back. */
export async function downloadState<T>(
  backend: Backend<T>,
  slots: readonly Slot[],
  state: DeviceState<T>,
  step: number,
): Promise<TrainingState> {
  const tensors: [kind: string, name: string, value: FloatTensor][] = [];
  for (const { kind, parts, input } of slots) {
    const numbers = await backend.download(state[input.name]);
    for (const { parameter, offset, size } of parts) {
      const part = tensor(numbers.slice(offset, offset + size), parameter.shape);
      tensors.push([kind, parameter.name, part as FloatTensor]);
    }
  }
  return stateOf(step, tensors);
}

/**
 * Runs compiled steps on the host's inputs of each. Gives the state after it, the last step's losses
 * and each step's numbers of each sample. The caller frees all of them. The program takes the old
 * state over.
 * @throws RangeError when a batch lacks an input. Nothing stays uploaded then.
 */
export async function runSteps<T>(
  backend: Backend<T>,
  { graph, program, state: slots, steps, losses }: CompiledSteps<T>,
  state: DeviceState<T>,
  given: readonly HostStep[],
) {
  const inputs: Record<string, T> = {};
  const upload = ({ name, dtype }: Input, { data, shape, ...own }: BatchInput) => {
    inputs[name] = backend.upload(data, shape, own.dtype ?? dtype);
  };
  let outputs: Record<string, T>;
  try {
    for (const [k, { batch: ports, masks, rates }] of steps.entries()) {
      const { batch, rates: numbers, ...key } = given[k];
      const shapes: Record<string, readonly number[]> = {};
      for (const [name, port] of Object.entries(ports)) {
        if (!batch[name]) {
          throw new ArgumentError(
            `batches must give ${name}, got ${Object.keys(batch).join(", ")}`,
          );
        }
        shapes[port.name] = batch[name].shape;
        upload(port, batch[name]);
      }
      const drawn = drawMasks(masks, Object.values(ports), shapes, key);
      for (const [i, mask] of drawn.entries()) upload(masks[i].input, mask);
      upload(rates, { data: numbers, shape: [numbers.length] });
    }
    const held = graph.inputs.flatMap(({ name }) => (name in state ? [[name, state[name]]] : []));
    outputs = await program.run({ ...inputs, ...Object.fromEntries(held) });
  } finally {
    backend.dispose(...Object.values(inputs));
  }
  const outputsOf = (names: Readonly<Record<string, string>>) =>
    mapValues(names, (name) => outputs[name]);
  return {
    state: {
      ...state,
      ...Object.fromEntries(slots.map(({ input, output }) => [input.name, outputs[output]])),
    },
    losses: outputsOf(losses),
    samples: steps.map(({ samples }) => outputsOf(samples)),
  };
}
