import { tensor } from "@gen/graph";
import { checkArguments, rules } from "@gen/math/arguments";
import { type FloatTensor, type StoredTensor, storedNumbers, type Weights } from "./weights.ts";

/** Everything that a training continues from. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  /** The weights by the names of their parameters. */
  readonly weights: Weights;
  /** The optimizer's moments by their names. */
  readonly moments: Readonly<Record<string, Weights>>;
  /** The moving average of the weights, with `ema`. */
  readonly ema?: Weights;
  /** The state of a sampler of time steps, by its own names. */
  readonly times?: Readonly<Record<string, FloatTensor>>;
}

/** A state's tensors by their kinds: `weights`, the moments, `ema` and `times`. */
export const kindsOf = ({ weights, moments, ema = {}, times = {} }: TrainingState) =>
  ({ ...moments, weights, ema, times }) as Readonly<Record<string, Weights>>;

/** A state from its tensors, each with its kind and name. */
export function stateOf(
  step: number,
  tensors: readonly (readonly [kind: string, name: string, value: FloatTensor])[],
): TrainingState {
  const kinds = [...new Set(tensors.map(([kind]) => kind))].map((kind) => {
    const own = tensors.filter((each) => each[0] === kind);
    return [kind, Object.fromEntries(own.map(([, ...entry]) => entry))];
  });
  const { weights = {}, ema, times, ...moments } = Object.fromEntries(kinds);
  return { step, weights, moments, ...(ema && { ema }), ...(times && { times }) };
}

/**
 * A state as the tensors of a file, for `writeSafetensors`: `weights/NAME`, `MOMENT/NAME`,
 * `ema/NAME` and `times/NAME`. The step is not one of them.
 *
 * @param state The state of a training.
 */
export function stateTensors(state: TrainingState): Record<string, FloatTensor> {
  checkArguments({ state }, { state: STATE });
  return Object.fromEntries(
    Object.entries(kindsOf(state)).flatMap(([kind, tensors]) =>
      Object.entries(tensors).map(([name, value]) => [`${kind}/${name}`, value]),
    ),
  );
}

/** What a state may be. Its step is checked where it is used. */
export const STATE = rules.having("a training's state { step, weights, moments }", {
  weights: rules.OBJECT,
  moments: rules.OBJECT,
});

/**
 * The state after `step` steps from the tensors of a file that {@link stateTensors} named.
 *
 * @param step Steps done.
 * @param tensors The tensors of the file, by the names of `stateTensors`.
 * @throws RangeError when a tensor holds no real numbers.
 */
export function stateFromTensors(
  step: number,
  tensors: Readonly<Record<string, StoredTensor>>,
): TrainingState {
  checkArguments({ step, tensors }, { step: rules.INTEGER, tensors: rules.OBJECT });
  return stateOf(
    step,
    Object.entries(tensors).map(([key, stored]) => {
      const [kind] = key.split("/", 1);
      const numbers = storedNumbers(`resume's ${key}`, stored, stored.shape);
      const dtype = stored.dtype === "float64" ? "float64" : "float32";
      const value = tensor(numbers, stored.shape, dtype) as FloatTensor;
      return [kind, key.slice(kind.length + 1), value];
    }),
  );
}
