import {
  cast,
  type Expr,
  isFloat,
  reshape,
  type Shape,
  type Signature,
  shapeText,
  slice,
} from "@gen/graph";
import type { OnnxModel } from "@gen/graph/onnx";
import { ArgumentError } from "@gen/math/arguments";
import { wholeTime } from "@gen/sampling";
import { MAX_SAMPLE_NUMBERS } from "./limits.ts";

/** What is said of a sample's shape beside the model itself. */
export interface KnownShape {
  /** For what the model leaves open; entries may be undefined. */
  readonly open?: readonly (number | undefined)[];
  /** As the folder's index has it. */
  readonly known?: readonly number[];
  /** `unet/config.json`, with `in_channels` and `sample_size`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A function of (x, t, ...conditions), its inputs in that order, and the shape of one sample. */
export interface UnetNetwork {
  apply(...inputs: Expr[]): Expr;
  readonly signature: Readonly<Record<string, Signature>>;
  readonly shape: readonly number[];
}

/**
 * A denoiser's file as a function of (x, t, ...conditions), whatever its exporter called them: t may be
 * a scalar, `[1]` or `[batch]` of any dtype, and the output has any name.
 *
 * @throws RangeError when it has other inputs, or no one says the shape of a sample.
 */
export function unetNetwork(model: OnnxModel, known: KnownShape): UnetNetwork {
  const { signature } = model;
  const names = Object.keys(signature);
  const pick = (wanted: string[], place: number) =>
    wanted.find((name) => name in signature) ?? names[place];
  const [x, t] = [pick(["sample", "x"], 0), pick(["timestep", "t"], 1)];
  const others = names.filter((name) => name !== x && name !== t);
  if (t === undefined) {
    throw new ArgumentError(`a denoiser takes a sample and a timestep, got ${names.join(", ")}`);
  }
  const shape = sampleShape(signature[x].shape, known);
  const apply = (...[sample, timestep, ...conditions]: Expr[]): Expr => {
    const time = timeLike(timestep, signature[t].shape);
    const inputs: Record<string, Expr> = {
      [x]: cast(sample, signature[x].dtype),
      [t]: cast(isFloat(signature[t].dtype) ? time : wholeTime(time), signature[t].dtype),
    };
    for (const [i, name] of others.entries()) {
      if (!conditions[i]) {
        throw new ArgumentError(`the denoiser needs a condition, its input ${name}`);
      }
      inputs[name] = cast(conditions[i], signature[name].dtype);
    }
    return cast(firstOutput(model, inputs), sample.dtype);
  };
  const ordered = Object.fromEntries([x, t, ...others].map((name) => [name, signature[name]]));
  return { apply, shape, signature: ordered };
}

/** Times `[batch]`, which are all the same, in the shape that a model wants them. */
function timeLike(timestep: Expr, wanted: Shape): Expr {
  if (wanted.length === 0) return reshape(slice(timestep, 0, 0, 1), []);
  return wanted[0] === 1 ? slice(timestep, 0, 0, 1) : timestep;
}

/** Each dimension as the model has it, else as told, else by the index, else by the config. */
function sampleShape(shape: Shape, { open = [], known = [], config = {} }: KnownShape): number[] {
  const told = shape.slice(1);
  if (known.some((d, i) => d !== (typeof told[i] === "string" ? d : told[i]))) {
    throw new ArgumentError(
      `the sample's shape ${shapeText(shape)} does not fit model_index.json's [${known.join(", ")}]`,
    );
  }
  const side = config.sample_size;
  const [height, width] = Array.isArray(side) ? side : [side, side];
  const configured = shape.length === 4 ? [config.in_channels, height, width] : [];
  const dims = told.map((d, i) =>
    typeof d === "number" ? d : (open[i] ?? known[i] ?? configured[i]),
  );
  if (dims.length > 0 && dims.every((d) => Number.isInteger(d) && Number(d) > 0)) {
    const numbers = (dims as number[]).reduce((product, d) => product * d, 1);
    if (numbers <= MAX_SAMPLE_NUMBERS) return dims as number[];
    throw new ArgumentError(
      `a sample must have at most ${MAX_SAMPLE_NUMBERS} numbers, got [${dims.join(", ")}]; give a smaller size`,
    );
  }
  throw new ArgumentError(
    `the sample's shape ${shapeText(shape)} is open: give its size, or write it into unet/config.json`,
  );
}

/** The output that is called `out_sample` or `sample`, else the first. */
export function firstOutput(model: OnnxModel, inputs: Readonly<Record<string, Expr>>): Expr {
  const outputs = model.apply(inputs);
  const [first] = model.outputNames;
  return outputs.out_sample ?? outputs.sample ?? outputs[first];
}

/** A shape after its batch, where it is all numbers. */
export const fixedPart = (shape: Shape | undefined): number[] | undefined =>
  shape?.slice(1).every((d) => typeof d === "number") ? (shape.slice(1) as number[]) : undefined;
