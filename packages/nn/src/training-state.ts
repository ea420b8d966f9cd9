import { tensor } from "@gen/graph";
import {
  type FloatTensor,
  type StoredTensor,
  storedNumbers,
  type Weights,
} from "./stored-tensor.ts";

/** Everything that training continues from. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  readonly weights: Weights;
  /** The optimizer's moments by their names. */
  readonly moments: Readonly<Record<string, Weights>>;
  /** The moving average of the weights, where `ema` asked for it. */
  readonly ema?: Weights;
  /** What a sampler of time steps has learned, by its own names. */
  readonly times?: Readonly<Record<string, FloatTensor>>;
}

/**
 * A state as the tensors of a file, for `writeSafetensors`: `weights/NAME`, `MOMENT/NAME`,
 * `ema/NAME` and `times/NAME`. The step is not among them.
 */
export function stateTensors({
  weights,
  moments,
  ema = {},
  times = {},
}: TrainingState): Record<string, FloatTensor> {
  const kinds = Object.entries({ weights, ...moments, ema, times });
  return Object.fromEntries(
    kinds.flatMap(([kind, tensors]) =>
      Object.entries(tensors).map(([name, one]) => [`${kind}/${name}`, one]),
    ),
  );
}

/**
 * The state after `step` steps from the tensors of a file that {@link stateTensors} named.
 * @throws TypeError when a tensor holds no real numbers.
 */
export function stateFromTensors(
  step: number,
  stored: Readonly<Record<string, StoredTensor>>,
): TrainingState {
  const kinds = new Map<string, [string, FloatTensor][]>();
  for (const [key, { dtype, shape, ...rest }] of Object.entries(stored)) {
    const [kind] = key.split("/", 1);
    const numbers = storedNumbers(`resume's ${key}`, { dtype, shape, ...rest }, shape);
    const one = tensor(numbers, shape, dtype === "float64" ? dtype : "float32") as FloatTensor;
    kinds.set(kind, [...(kinds.get(kind) ?? []), [key.slice(kind.length + 1), one]]);
  }
  const records = [...kinds].map(([kind, tensors]) => [kind, Object.fromEntries(tensors)]);
  const { weights = {}, ema, times, ...moments } = Object.fromEntries(records);
  return { step, weights, moments, ...(ema && { ema }), ...(times && { times }) };
}
