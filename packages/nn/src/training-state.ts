import { type Parameter, tensor, tensorNumbers } from "@gen/graph";
import type { Backend } from "@gen/runtime-gpu";
import { type Pack, packedNumbers } from "./packing.ts";
import { type StepGraph, stateName } from "./step-graph.ts";
import { type FloatTensor, type StoredTensor, storedNumbers } from "./stored-tensor.ts";

/**
 * Everything that training goes on from: the steps done, and tensors `KIND/PARAMETER` for
 * safetensors, where the kinds are `weights`, the optimiser's moments and `ema`.
 */
export interface TrainingState {
  readonly step: number;
  readonly tensors: Readonly<Record<string, FloatTensor>>;
}

/** A {@link TrainingState} as files give it back. */
export interface SavedState {
  readonly step: number;
  readonly tensors: Readonly<Record<string, StoredTensor>>;
}

/** Device tensors of the state by the names of the step graph's inputs. */
export type DeviceState<T> = Record<string, T>;

const tensorName = (kind: string, { name }: Parameter): string => `${kind}/${name}`;

/**
 * Uploads the state that training starts from: `resume`, or the parameters' values and zeros.
 * @throws RangeError when `resume` lacks a tensor or has one of another shape; nothing is uploaded then.
 */
export function uploadState<T>(
  backend: Backend<T>,
  { packs, kinds }: StepGraph,
  resume?: SavedState,
): DeviceState<T> {
  const start = (kind: string, parameter: Parameter): ArrayLike<number> => {
    const { value, shape } = parameter;
    if (resume) {
      const name = tensorName(kind, parameter);
      const stored = Object.hasOwn(resume.tensors, name) ? resume.tensors[name] : undefined;
      return storedNumbers(`resume's ${name}`, stored, shape);
    }
    if (kind === "weights" || kind === "ema") return tensorNumbers(value);
    return new Float32Array(shape.reduce((a, b) => a * b, 1));
  };
  const values = packs.flatMap((pack, i) =>
    kinds.map((kind) => ({
      name: stateName(kind, i),
      shape: pack.shape,
      numbers: packedNumbers(pack, (p) => start(kind, p)),
    })),
  );
  const uploaded = values.map(({ name, shape, numbers }) => [name, backend.upload(numbers, shape)]);
  return Object.fromEntries(uploaded) as DeviceState<T>;
}

/** Reads the state back, each parameter's part by itself. */
export async function downloadState<T>(
  backend: Backend<T>,
  { packs, kinds }: StepGraph,
  state: DeviceState<T>,
): Promise<Record<string, FloatTensor>> {
  const out: Record<string, FloatTensor> = {};
  for (const [i, pack] of packs.entries()) {
    for (const kind of kinds) {
      Object.assign(out, split(pack, kind, await backend.download(state[stateName(kind, i)])));
    }
  }
  return out;
}

const split = ({ slots }: Pack, kind: string, numbers: Float32Array | Float64Array) =>
  Object.fromEntries(
    slots.map(({ parameter, offset, size }) => [
      tensorName(kind, parameter),
      tensor(numbers.slice(offset, offset + size), parameter.shape) as FloatTensor,
    ]),
  );

/** The tensors of one kind by their parameters' names: `weights` or `ema`. */
export const stateOf = ({ tensors }: TrainingState, kind: string): Record<string, FloatTensor> =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(`${kind}/`))
      .map(([name, held]) => [name.slice(kind.length + 1), held]),
  );
