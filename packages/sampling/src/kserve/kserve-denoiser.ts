import type { FloatArray } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import type { DenoiserFunction } from "../denoiser/denoiser.ts";
import { sizeOf } from "../denoiser/shapes.ts";
import { type KserveOptions, kserveModel } from "./kserve-model.ts";
import type { RemoteTensor } from "./tensor-message.ts";

/** A denoiser on a server. */
export interface KserveDenoiser extends DenoiserFunction {
  /** The shape of one sample, `[channels, height, width]` or `[features]`. */
  readonly shape: readonly number[];
}

/** The server, the model, and what it takes. */
export interface KserveDenoiserOptions extends KserveOptions {
  /** The shape of one sample, for a model that leaves sizes of it open. @defaultValue the model's own */
  readonly shape?: readonly (number | undefined)[];
  /**
   * What the model takes beside x and t, `[batch, ...]` or `[1, ...]`, by name.
   * @defaultValue none
   */
  readonly condition?: Readonly<Record<string, RemoteTensor>>;
}

/**
 * A denoiser behind a server of the Open Inference Protocol, as a function of numbers: the network
 * runs there, and the step here, in float64. Its inputs are x, t, then conditions, in the order in
 * which the server lists them.
 *
 * `await sample({ denoiser: await kserveDenoiser({ url, model: "unet" }), steps, shape: [4, 1, 28, 28] })`
 *
 * @param options The server, the model, and what it takes beside x and t.
 * @throws as a rejection: as {@link kserveModel}; RangeError when the model takes no x and t, or the
 * shape of a sample is open.
 */
export async function kserveDenoiser(options: KserveDenoiserOptions): Promise<KserveDenoiser> {
  checkOptions(options, {
    shape: rules.optional(rules.listOf(rules.optional(rules.COUNT))),
    condition: rules.optional(rules.OBJECT),
  });
  const { condition = {} } = options;
  const model = await kserveModel(options);
  const [sample, time, ...others] = model.inputs;
  if (!time)
    throw new ArgumentError(`${options.model} must take x and t, got ${sample.name} alone`);
  for (const { name } of others) {
    if (!(name in condition))
      throw new ArgumentError(`condition must have ${name}, which ${options.model} takes`);
  }
  const [, ...item] = sample.shape;
  const { shape: given = [] } = options;
  const shape = item.map((size, i) => (size === -1 ? (given[i] ?? size) : size));
  const fits = given.every((size, i) => size === undefined || size === shape[i]);
  if (!fits || shape.some((size) => size < 1)) {
    throw new ArgumentError(
      `shape must be one sample's, [${item.join(", ")}] with a size for each -1, got [${given.join(", ")}]`,
    );
  }
  const size = sizeOf(shape);
  const denoise = async (x: FloatArray, t: number): Promise<FloatArray> => {
    const batch = x.length / size;
    const times = time.shape.length === 0 ? [] : [time.shape[0] === 1 ? 1 : batch];
    const values = others.map(({ name }) => [name, repeated(condition[name], batch)]);
    const outputs = await model.infer({
      ...Object.fromEntries(values),
      [sample.name]: { shape: [batch, ...shape], data: x },
      [time.name]: { shape: times, data: new Array(times[0] ?? 1).fill(t) },
    });
    return Float64Array.from(outputs[model.outputs[0].name]?.data ?? []);
  };
  return Object.assign(denoise, { shape });
}

/** A condition `[1, ...]` for each sample of a batch. */
function repeated({ shape, data }: RemoteTensor, batch: number): RemoteTensor {
  const [rows, ...item] = shape;
  if (rows !== 1 || batch === 1) return { shape, data };
  const numbers = Array.from({ length: batch }, () => Array.from(data)).flat();
  return { shape: [batch, ...item], data: numbers };
}
