/*
 * The conditions of ControlNets for one call, as diffusers 0.39: a ControlNet counts at step i of n where
 *
 *   start <= i / n   and   (i + 1) / n <= end
 *
 * With `guess` the residuals are scaled from 0.1 at the first to 1 at the middle, and the pass without
 * the prompt has none.
 */
import type { Tensor } from "@gen/graph";
import { ArgumentError, rules } from "@gen/math/arguments";
import { controlNames } from "./controlled-unet.ts";

/** What a ControlNet is given in a call. */
export interface ControlOptions {
  /** Row-major, in [0, 1], as large as the pictures. */
  readonly image: {
    /** The numbers, `[3, height, width]` row-major. */
    readonly data: Float32Array;
    /** `[3, height, width]`. */
    readonly shape: readonly number[];
  };
  /** `controlnet_conditioning_scale` of diffusers. @defaultValue 1 */
  readonly scale?: number;
  /** `guess_mode` of diffusers: the image counts more than the prompt. @defaultValue false */
  readonly guess?: boolean;
  /** The share of the steps before which the ControlNet does not count. @defaultValue 0 */
  readonly start?: number;
  /** The share of the steps after which it does not count. @defaultValue 1 */
  readonly end?: number;
}

/** What a ControlNet's options may be. */
export const CONTROL: rules.Rule = rules.having("{ image, scale, guess, start, end }", {
  image: rules.having("{ data, shape }", { data: rules.FLOATS, shape: rules.SIZES }),
  scale: rules.optional(rules.FINITE),
  guess: rules.optional(rules.FLAG),
  start: rules.optional(rules.UNIT),
  end: rules.optional(rules.UNIT),
});

/** A loaded ControlNet, as far as its conditions need it. */
export interface ControlFacts {
  /** The residuals that the UNet takes. */
  readonly residuals: number;
  /** Whether its residuals are means over the image: the first such one guesses, and all with it. */
  readonly isPooled: boolean;
}

type Conditions = Record<string, Tensor>;

/** The conditions of ControlNets in both passes. */
interface ControlConditions {
  readonly condition: Conditions;
  stepConditions(row: number, rows: number): Conditions;
  readonly unconditional: Conditions;
}

/**
 * The conditions of a call for pictures of `[width, height]`.
 *
 * @throws RangeError when there are not as many images as ControlNets, or an image is of another size.
 */
export function controlConditions(
  nets: readonly ControlFacts[],
  options: readonly ControlOptions[],
  [width, height]: readonly [number, number],
): ControlConditions {
  if (options.length !== nets.length) {
    throw new ArgumentError(
      `control must be given for each of the ${nets.length} ControlNets that the folder was opened with, got ${options.length}`,
    );
  }
  const [condition, unconditional]: Conditions[] = [{}, {}];
  for (const [k, { image, guess }] of options.entries()) {
    const { shape, data } = image;
    if (shape.join() !== [3, height, width].join() || data.length !== 3 * height * width) {
      throw new ArgumentError(
        `control[${k}].image must be [3, ${height}, ${width}] in [0, 1], as large as the pictures, got ${data.length} numbers of [${shape.join(", ")}]`,
      );
    }
    const names = controlNames(k);
    condition[names.image] = floats(data, [1, ...shape]);
    if (guess || nets[0].isPooled) {
      const { residuals } = nets[k];
      unconditional[names.scales] = floats(new Float32Array(residuals), [1, residuals]);
    }
  }
  const stepConditions = (row: number, rows: number) =>
    Object.fromEntries(
      options.map((option, k) => {
        const scales = scalesAt(row / rows, (row + 1) / rows, option, nets[k]);
        return [controlNames(k).scales, floats(scales, [1, scales.length])];
      }),
    );
  return { condition, unconditional, stepConditions };
}

/** The scale of each residual at a step, which goes from one share of the steps to another. */
function scalesAt(
  from: number,
  to: number,
  { scale = 1, guess = false, start = 0, end = 1 }: ControlOptions,
  { residuals, isPooled }: ControlFacts,
): number[] {
  const counts = from >= start && to <= end;
  const grows = guess && !isPooled;
  return Array.from({ length: residuals }, (_, i) => {
    if (!counts) return 0;
    return grows ? scale * 10 ** (i / (residuals - 1) - 1) : scale;
  });
}

const floats = (data: ArrayLike<number>, shape: readonly number[]): Tensor => ({
  data: Float32Array.from(data),
  shape,
  dtype: "float32",
});
