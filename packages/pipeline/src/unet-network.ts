import {
  cast,
  concat,
  div,
  type Expr,
  reshape,
  type Shape,
  type Signature,
  shapeText,
  slice,
} from "@gen/graph";
import type { OnnxModel } from "@gen/graph/onnx";
import { ArgumentError } from "@gen/math/arguments";
import type { FolderSizes } from "./folder-sizes.ts";
import { MAX_SAMPLE_NUMBERS } from "./limits.ts";
import { imageIds, packLatents, textIds, unpackLatents } from "./packed-latents.ts";

/** What is said of a sample's shape beside the model itself. */
export interface KnownShape {
  /** For what the model leaves open; entries may be undefined. */
  readonly open?: readonly (number | undefined)[];
  /** As the folder's index has it. */
  readonly known?: readonly number[];
  /** As the folder's configs have it. */
  readonly sizes?: Pick<FolderSizes, "latent" | "multiple">;
  /** Channels of the network's input that are no sample's, if a config tells. */
  readonly joined?: number;
  /** Channels of the VAE's latents, if known. */
  readonly latentChannels?: number;
}

/** A function of (x, t, ...conditions), its inputs in that order, and the shape of one sample. */
export interface UnetNetwork {
  apply(...inputs: Expr[]): Expr;
  readonly signature: Readonly<Record<string, Signature>>;
  readonly shape: readonly number[];
}

/** Inputs of Flux that follow from the shapes of the others. */
const POSITIONS = ["img_ids", "txt_ids"];

/**
 * A denoiser's file as a function of (x, t, ...conditions), whatever its exporter called them: t may be
 * a scalar, `[1]` or `[batch]` of any dtype, and the output has any name. A network with more
 * channels than its sample has the rest as its condition `concat` `[batch, channels, ...]`: a mask
 * and a masked image's latents for inpainting. Flux's network takes latents `[batch, c, h, w]` and t
 * in 0..1000, which become its tokens and its sigma.
 *
 * @throws RangeError when it has other inputs, or no one says the shape of a sample.
 */
export function unetNetwork(model: OnnxModel, known: KnownShape): UnetNetwork {
  const { signature } = model;
  const names = Object.keys(signature);
  const pick = (wanted: string[], place: number) =>
    wanted.find((name) => name in signature) ?? names[place];
  const [x, t] = [pick(["sample", "x", "hidden_states"], 0), pick(["timestep", "t"], 1)];
  if (t === undefined) {
    throw new ArgumentError(`a denoiser takes a sample and a timestep, got ${names.join(", ")}`);
  }
  const isPacked = POSITIONS.every((name) => name in signature);
  const others = names.filter(
    (name) => name !== x && name !== t && !(isPacked && POSITIONS.includes(name)),
  );
  const whole = isPacked ? latentShape(signature[x].shape) : signature[x].shape;
  const extra = isPacked ? 0 : joinedChannels(whole, known);
  const input = extra > 0 ? whole.map((d, i) => (i === 1 ? Number(d) - extra : d)) : whole;
  const shape = sampleShape(input, known);
  const apply = (...[sample, timestep, ...conditions]: Expr[]): Expr => {
    const time = timeLike(timestep, signature[t].shape);
    const inputs: Record<string, Expr> = {};
    const [joined, ...rest] = extra > 0 ? conditions : [undefined, ...conditions];
    if (extra > 0 && !joined) {
      throw new ArgumentError(`the denoiser needs a condition, ${extra} channels called concat`);
    }
    const all = joined ? concat([sample, cast(joined, sample.dtype)], 1) : sample;
    inputs[x] = cast(isPacked ? packLatents(sample) : all, signature[x].dtype);
    const sigma = isPacked ? div(cast(time, "float32"), 1000) : time;
    // A whole time is cut off, as numpy's astype does in optimum and in diffusers' ONNX pipelines.
    inputs[t] = cast(sigma, signature[t].dtype);
    for (const [i, name] of others.entries()) {
      if (!rest[i]) {
        throw new ArgumentError(`the denoiser needs a condition, its input ${name}`);
      }
      inputs[name] = cast(rest[i], signature[name].dtype);
    }
    if (isPacked) {
      inputs.img_ids = cast(imageIds(sample), signature.img_ids.dtype);
      inputs.txt_ids = cast(textIds(inputs.encoder_hidden_states), signature.txt_ids.dtype);
    }
    const output = firstOutput(model, inputs);
    return cast(isPacked ? unpackLatents(output, sample) : output, sample.dtype);
  };
  const ordered: [string, Signature][] = [
    [x, { ...signature[x], shape: input }],
    [t, signature[t]],
    ...(extra > 0
      ? [["concat", { dtype: "float32", shape: [whole[0], extra, ...whole.slice(2)] }] as const]
      : []),
    ...others.map((name) => [name, signature[name]] as const),
  ].map(([name, value]) => [name as string, value as Signature]);
  return { apply, shape, signature: Object.fromEntries(ordered) };
}

/** Tokens `[batch, tokens, 4 c]` as latents `[batch, c, height, width]`. */
function latentShape([batch, , features]: Shape): Shape {
  if (typeof features === "number" && features % 4 === 0) {
    return [batch, features / 4, "height", "width"];
  }
  throw new ArgumentError(`tokens must have 4 numbers for each channel, got ${features}`);
}

/** How many channels of the network's input are no sample's: as told, or beside the VAE's latents. */
function joinedChannels(input: Shape, { joined = 0, latentChannels }: KnownShape): number {
  const [, channels] = input;
  if (input.length !== 4 || typeof channels !== "number") return 0;
  if (joined > 0) return joined < channels ? joined : 0;
  const own = latentChannels ?? channels;
  const extra = channels - own;
  return extra === own || extra === own + 1 ? extra : 0;
}

/** Times `[batch]`, which are all the same, in the shape that a model wants them. */
function timeLike(timestep: Expr, wanted: Shape): Expr {
  if (wanted.length === 0) return reshape(slice(timestep, 0, 0, 1), []);
  return wanted[0] === 1 ? slice(timestep, 0, 0, 1) : timestep;
}

/** Each dimension as the model has it, else as told, else by the index, else by the config. */
function sampleShape(shape: Shape, { open = [], known = [], sizes }: KnownShape): number[] {
  const told = shape.slice(1);
  if (known.some((d, i) => d !== (typeof told[i] === "string" ? d : told[i]))) {
    throw new ArgumentError(
      `the sample's shape ${shapeText(shape)} does not fit model_index.json's [${known.join(", ")}]`,
    );
  }
  const configured = shape.length === 4 ? (sizes?.latent ?? []) : [];
  const dims = told.map((d, i) =>
    typeof d === "number" ? d : (open[i] ?? known[i] ?? configured[i]),
  );
  requireMultiples(told, dims, sizes?.multiple ?? 1);
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

/** @throws RangeError when an open side is no multiple of what the network halves or cuts it into. */
function requireMultiples(
  told: Shape,
  [, ...sides]: readonly (number | undefined | string)[],
  multiple: number,
): void {
  const isOpen = told.length === 3 && told.slice(1).every((d) => typeof d === "string");
  const bad = isOpen ? sides.find((side) => Number(side) % multiple !== 0) : undefined;
  if (typeof bad !== "number") return;
  const below = Math.max(multiple, Math.floor(bad / multiple) * multiple);
  const near = [...new Set([below, Math.ceil(bad / multiple) * multiple])].join(" or ");
  throw new ArgumentError(
    `height and width of a sample must be multiples of ${multiple}, got ${sides.join(" x ")}; take ${near} for ${bad}`,
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
