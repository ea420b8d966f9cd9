/*
 * LoRA: a change of low rank beside each frozen weight (Hu et al. 2021, eq. 3):
 *
 *   W' = W + (alpha / rank) up down,    down [rank, in], up [out, rank], up = 0 at first
 *
 *   const lora = loraAdapters(network, { rank: 4 });
 *   const { weights } = await train({ parameters: lora.model.parameters, ... });
 *   const merged = withWeights(network, lora.merged(weights));
 */
import { add, type Expr, matmul, mul, type Parameter, reshape, tensor } from "@gen/graph";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import {
  type FloatTensor,
  initializedParameter,
  type StoredTensor,
  uniform,
  type Weighted,
  type Weights,
  weightInputs,
  weightsOf,
  zeros,
} from "@gen/nn";

/** Settings of {@link loraAdapters}. */
export interface LoraOptions {
  /** Columns of `up` and rows of `down`. */
  readonly rank: number;
  /** The change is multiplied by `alpha / rank`. @defaultValue `rank` */
  readonly alpha?: number;
  /**
   * Whether a weight gets a change.
   *
   * @param parameter A weight of the model.
   * @defaultValue every `NAME.weight` of two dimensions or more
   */
  readonly targets?: (parameter: Parameter) => boolean;
  /** Seed of the first values of `down`. @defaultValue 0 */
  readonly seed?: number;
}

/** A model with low-rank changes of its weights. */
export interface LoraAdapters<Model extends Weighted> {
  /** The model, whose parameters are those of the changes alone: what a training trains. */
  readonly model: Model;
  /**
   * The model's weights with the changes added, for `withWeights` of the model without them.
   *
   * @param weights The weights of the changes, such as a training gives.
   */
  merged(weights: Readonly<Record<string, StoredTensor>>): Weights;
  /**
   * The changes as the tensors of a safetensors file in kohya's layout:
   * `lora_unet_NAME.lora_down.weight`, `.lora_up.weight` and `.alpha`, with `_` for each dot in NAME.
   *
   * @param weights The weights of the changes, such as a training gives.
   */
  tensors(weights: Readonly<Record<string, StoredTensor>>): Weights;
}

/**
 * A model with trainable changes of low rank beside its weights (Hu et al. 2021, section 4.1). The
 * first change is 0. Convolutions have `down` `[rank, in, ...kernel]` and `up` `[out, rank, 1, 1]`.
 *
 * @param model The model, whose own weights stay as they are.
 * @param options The rank, the scale, and which weights are changed.
 * @throws RangeError when no weight is a target.
 */
export function loraAdapters<Model extends Weighted>(
  model: Model,
  options: LoraOptions,
): LoraAdapters<Model> {
  checkArguments({ model }, { model: rules.having("a model", { parameters: rules.LIST }) });
  checkOptions(options, {
    rank: rules.COUNT,
    alpha: rules.optional(rules.POSITIVE_FINITE),
    targets: rules.optional(rules.FUNCTION),
    seed: rules.optional(rules.SEED),
  });
  const { rank, alpha = rank, targets = isMatrix, seed = 0 } = options;
  const scale = alpha / rank;
  const changes = model.parameters.filter(targets).map((weight) => {
    const [out, ...inputs] = weight.shape as number[];
    const name = weight.name.replace(/\.weight$/, "");
    const ones = inputs.slice(1).map(() => 1);
    const bound = 1 / Math.sqrt(inputs.reduce((a, b) => a * b, 1));
    const down = [rank, ...inputs];
    return {
      weight,
      module: `lora_unet_${name.replaceAll(".", "_")}`,
      down: initializedParameter(`${name}.lora_down.weight`, down, uniform(bound), seed),
      up: initializedParameter(`${name}.lora_up.weight`, [out, rank, ...ones], zeros, seed),
    };
  });
  if (changes.length === 0) {
    throw new ArgumentError("targets must choose a weight of the model, and they choose none");
  }
  const places: Record<string, Expr> = Object.fromEntries(
    model.parameters.map((own) => [`weights/${own.name}`, own]),
  );
  for (const { weight, up, down } of changes) {
    const product = matmul(reshape(up, [-1, rank]), reshape(down, [rank, -1]));
    places[`weights/${weight.name}`] = add(weight, mul(reshape(product, weight.shape), scale));
  }
  const parameters = changes.flatMap(({ down, up }) => [down, up]);
  const numbersOf = (weights: Readonly<Record<string, StoredTensor>>) => {
    const found = weightInputs({ parameters }).inputsOf(weights);
    return ({ name }: Parameter) => found[`weights/${name}`].data;
  };
  return {
    model: {
      ...weightInputs(model).withInputs(places),
      parameters,
    },
    merged(weights) {
      const numbers = numbersOf(weights);
      const added = changes.map(({ weight, down, up }) => {
        const [u, d] = [up, down].map(numbers);
        const data = Float64Array.from(weight.value.data as Float32Array);
        const columns = d.length / rank;
        for (let i = 0; i < data.length; i++) {
          const [row, column] = [Math.floor(i / columns), i % columns];
          let sum = 0;
          for (let r = 0; r < rank; r++) sum += u[row * rank + r] * d[r * columns + column];
          data[i] += scale * sum;
        }
        const { shape, dtype } = weight;
        return [weight.name, tensor(data, shape as number[], dtype) as FloatTensor];
      });
      return { ...weightsOf(model), ...Object.fromEntries(added) };
    },
    tensors(weights) {
      const numbers = numbersOf(weights);
      const stored = (own: Parameter) => tensor(numbers(own), own.shape as number[], "float32");
      const entries = changes.flatMap(({ module, down, up }) => [
        [`${module}.lora_down.weight`, stored(down)],
        [`${module}.lora_up.weight`, stored(up)],
        [`${module}.alpha`, tensor([alpha], [1], "float32")],
      ]);
      return Object.fromEntries(entries);
    },
  };
}

const isMatrix = ({ name, shape }: Parameter): boolean =>
  name.endsWith(".weight") && shape.length >= 2;
