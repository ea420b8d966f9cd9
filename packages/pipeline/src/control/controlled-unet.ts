/*
 * A UNet with ControlNets (Zhang et al. 2023), in place of the UNet alone:
 *
 *   r_i = sum_k scale_k[i] controlnet_k(x, t, conditions, image_k)_i
 *   prediction = unet(x, t, conditions, r)
 *
 * A ControlNet's image and scales are conditions, so that one program serves every call. Without
 * a ControlNet the residuals are zeros.
 */
import {
  add,
  cast,
  constant,
  type DType,
  type Expr,
  expand,
  mul,
  type Parameter,
  reshape,
  type Shape,
  type Signature,
  shapeText,
  slice,
} from "@gen/graph";
import { rebuild, withInputs } from "@gen/graph/compiler";
import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { type Fields, numberOf } from "../folder-kind.ts";
import { MAX_SAMPLE_NUMBERS } from "../limits.ts";
import { type ResidualNames, residualInputs, residualNames } from "./residual-names.ts";

/** The conditions of a ControlNet. */
export interface ControlNames {
  /** `[batch, 3, height, width]`, in [0, 1]. */
  readonly image: string;
  /** `[batch, residuals]`, the middle's last. */
  readonly scales: string;
}

/** The conditions of ControlNet `k`. */
export const controlNames = (k: number): ControlNames => ({
  image: `control_image_${k}`,
  scales: `control_scales_${k}`,
});

type Values = Readonly<Record<string, Expr>>;

/**
 * The UNet with its ControlNets as one model; `name` is that of a ControlNet in errors.
 *
 * @throws GenError `invalid-model` when the UNet takes no residuals, or a ControlNet's do not fit.
 */
export function controlledUnet(
  unet: OnnxModel,
  nets: readonly { readonly name: string; readonly model: OnnxModel }[],
  config: Fields,
): OnnxModel {
  const { signature } = unet;
  const all = Object.keys(signature);
  const sample = "sample" in signature ? "sample" : all[0];
  const time = "timestep" in signature ? "timestep" : all[1];
  const names = residualInputs(signature, sample);
  if (!names) {
    if (nets.length === 0) return unet;
    throw invalid(
      `the denoiser takes no residuals of a ControlNet, its inputs are ${all.join(", ")}: export the UNet with down_block_additional_residuals and mid_block_additional_residual as inputs of its own, one for each tensor`,
    );
  }
  const inputs = [...names.down, names.mid];
  const controls = nets.map(({ name, model }, k) => controlOf(name, model, inputs.length, k));
  const own = Object.entries(signature).filter(([name]) => !inputs.includes(name));
  return {
    ...unet,
    parameters: [...unet.parameters, ...controls.flatMap((one) => one.parameters)],
    randomOperations: [unet, ...nets.map(({ model }) => model)].flatMap((m) => m.randomOperations),
    signature: Object.fromEntries([...own, ...controls.flatMap((one) => one.signature)]),
    apply(given) {
      const parts = controls.map((control) => control.residuals(given, sample, time));
      const residuals = inputs.map((name, i) => {
        const wanted = signature[name];
        if (parts.length === 0)
          return zeros(wanted, levelOf(i, inputs.length, config), given[sample]);
        for (const [k, part] of parts.entries())
          requireChannels(nets[k].name, part[i], wanted, name);
        return cast(
          parts.map((part) => part[i]).reduce((a, b) => add(a, cast(b, a.dtype))),
          wanted.dtype ?? "float32",
        );
      });
      const fed = Object.fromEntries(inputs.map((name, i) => [name, residuals[i]]));
      return unet.apply({
        ...Object.fromEntries(own.map(([name]) => [name, given[name]])),
        ...fed,
      });
    },
  };
}

/** A ControlNet's conditions, and its scaled residuals in the UNet's order. */
function controlOf(name: string, model: OnnxModel, count: number, k: number) {
  const { signature, outputNames } = model;
  const outputs = residualNames(outputNames) as ResidualNames;
  const order = outputs ? [...outputs.down, outputs.mid] : [];
  if (order.length !== count) {
    throw invalid(
      `${name} gives ${outputNames.length} results and the UNet takes ${count} residuals: it is of another base model`,
    );
  }
  const own = Object.keys(signature);
  const isImage = (input: string) => signature[input].shape.length === 4;
  const x = own.includes("sample") ? "sample" : own.find(isImage);
  const image = own.find((input) => input !== x && isImage(input));
  if (x === undefined || image === undefined) {
    throw invalid(`${name} takes no sample and image of 4 dimensions, got ${own.join(", ")}`);
  }
  const { image: imageName, scales } = controlNames(k);
  // The parameters of several networks often have the same names.
  const renamed = new Map<Expr, Parameter>(
    model.parameters.map((p) => [p, { ...p, name: `controlNets[${k}]/${p.name}` }]),
  );
  const [batch] = signature[image].shape;
  return {
    parameters: [...renamed.values()],
    signature: [
      [imageName, { ...signature[image], dtype: "float32" }],
      [scales, { shape: [batch, count], dtype: "float32" }],
    ] as [string, Required<Signature>][],
    residuals(given: Values, sample: string, time: string): Expr[] {
      const inputs: Record<string, Expr> = {};
      for (const input of own) {
        const { shape, dtype = "float32" } = signature[input];
        const value = () => {
          if (input === image) return given[imageName];
          if (input === x) return latents(given[sample], shape[1]);
          // The scales are multiplied outside, where guess mode has one for each residual.
          if (/scale/i.test(input)) return filled(1, numbersOf(shape), dtype);
          const found = input === "timestep" || input === "t" ? time : input;
          if (found === time) return timeLike(given[time], shape, given[sample].shape[0]);
          if (Object.hasOwn(given, found)) return given[found];
          throw invalid(`${name} takes ${input}, which the UNet does not have`);
        };
        inputs[input] = cast(value(), dtype);
      }
      const results = rebuild(
        model.apply(inputs),
        (node, operands) => renamed.get(node) ?? withInputs(node, operands),
      );
      return order.map((output, i) => {
        const scale = slice(given[scales], 1, i, i + 1);
        return mul(cast(results[output], "float32"), reshape(scale, [scale.shape[0], 1, 1, 1]));
      });
    },
  };
}

/** The channels of a sample that are no mask's and no image's. */
const latents = (sample: Expr, channels: Shape[number]): Expr =>
  typeof channels === "number" && channels < Number(sample.shape[1])
    ? slice(sample, 1, 0, channels)
    : sample;

/** The UNet's times, which are all the same, in the shape that a ControlNet takes for `rows`. */
function timeLike(t: Expr, wanted: Shape, rows: Shape[number]): Expr {
  const first = t.shape.length === 0 ? reshape(t, [1]) : slice(t, 0, 0, 1);
  if (wanted.length === 0) return reshape(first, []);
  return expand(first, [typeof wanted[0] === "number" ? wanted[0] : rows]);
}

/** The level of the UNet that residual `i` belongs to: each level halves height and width. */
function levelOf(i: number, count: number, config: Fields): number {
  const channels = config.block_out_channels;
  const levels = Array.isArray(channels) ? channels.length : 1;
  if (i === count - 1) return levels - 1;
  const layers = numberOf(config, "layers_per_block") ?? (count - 1) / levels - 1;
  return i === 0 ? 0 : Math.floor(i / (layers + 1));
}

/** Zeros in the shape of a residual of a level. */
function zeros({ shape, dtype }: Signature, level: number, sample: Expr): Expr {
  const [, channels, ...sides] = shape;
  const [rows, , ...own] = sample.shape;
  const size = own.map((side, i) => {
    if (typeof sides[i] === "number" || typeof side !== "number") return sides[i];
    return Math.ceil(side / 2 ** level);
  });
  return filled(0, [rows, channels, ...size], dtype);
}

/** A shape with 1 for each dynamic dimension. */
const numbersOf = (shape: Shape) => shape.map((d) => (typeof d === "number" ? d : 1));

/** A number in a shape, which a file may ask for. */
function filled(value: number, shape: Shape, dtype: DType | undefined): Expr {
  const size = numbersOf(shape).reduce((a, b) => a * b, 1);
  if (size <= MAX_SAMPLE_NUMBERS) return expand(constant(value, dtype), shape);
  throw invalid(
    `an input of ${shapeText(shape)} has more than the ${MAX_SAMPLE_NUMBERS} numbers that are filled in`,
  );
}

function requireChannels(name: string, { shape }: Expr, wanted: Signature, input: string): void {
  const [a, b] = [shape[1], wanted.shape[1]];
  if (typeof a !== "number" || typeof b !== "number" || a === b) return;
  throw invalid(
    `${name} gives ${a} channels for ${input} and the UNet takes ${b}: it is of another base model`,
  );
}

const invalid = (message: string) => new GenError("invalid-model", message);
