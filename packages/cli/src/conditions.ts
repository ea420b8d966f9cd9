/*
 * The conditions of `gen sample`:
 *
 *   --class 3,7 --count 2          labels 3 3 7 7, by number or by the folder's name of a class
 *   --condition name=file.npy      [samples, ...], or [1, ...] for all samples
 *   --guidance 4                   away from --unconditional, or from the label that means none
 */
import type { NdArray } from "@gen/data";
import { isFloat, type Signature, shapeText, type Tensor, tensor } from "@gen/graph";
import type { DiffusionPipeline, GenerateOptions } from "@gen/sampling";
import { usageError } from "./errors.ts";
import { floatsOf, readNpyFlag } from "./npy-flags.ts";

/** The flags of conditions. */
export interface ConditionFlags {
  readonly class?: readonly string[];
  readonly condition?: Readonly<Record<string, string>>;
  readonly unconditional?: Readonly<Record<string, string>>;
  readonly guidance?: number;
}

type Arrays = Readonly<Record<string, NdArray>>;

/** The arrays that flags name. */
export interface ConditionArrays {
  readonly condition: Arrays;
  readonly unconditional: Arrays;
}

/** Reads the npy files of the flags. @throws GenError `usage` or `invalid-data` naming a file. */
export async function readConditions(flags: ConditionFlags): Promise<ConditionArrays> {
  const all = async (name: "condition" | "unconditional") => {
    const entries = Object.entries(flags[name] ?? {}).map(async ([key, path]) => {
      return [key, await readNpyFlag(`--${name} ${key}:`, path)] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  };
  const [condition, unconditional] = await Promise.all([all("condition"), all("unconditional")]);
  return { condition, unconditional };
}

/** The most samples with labels. */
const MAX_LABELS = 2 ** 20;

/** Samples in all: --init's, a condition's rows, or --count of each class. */
export function sampleCount(
  { count, class: classes = [] }: ConditionFlags & { readonly count?: number },
  { condition }: ConditionArrays,
  init: { readonly count: number } | undefined,
): number {
  const rows = Object.values(condition).find(({ shape }) => shape[0] > 1)?.shape[0];
  const groups = Math.max(1, classes.length);
  const total = init?.count ?? rows ?? groups * (count ?? 16);
  if (classes.length > 0 && total > MAX_LABELS) {
    throw usageError(`--count must be at most ${Math.floor(MAX_LABELS / groups)} with --class`);
  }
  if (total % groups !== 0) {
    throw usageError(
      `--class must list a divisor of the ${total} samples of ${init ? "--init" : "--condition"}, got ${groups} classes`,
    );
  }
  if (count !== undefined && groups * count !== total) {
    const given = init ? "--init has" : "--condition has";
    const each = groups > 1 ? ` for ${groups} classes` : "";
    throw usageError(`--count must be ${total / groups}${each}, as many as ${given}, got ${count}`);
  }
  return total;
}

/** The conditions of samples by name, and the guidance by them. */
export interface Conditioning {
  readonly condition: Readonly<Record<string, Tensor>>;
  readonly guidance?: Exclude<GenerateOptions["guidance"], number>;
}

type Conditioned = Pick<DiffusionPipeline, "denoiser" | "classes">;

/**
 * The conditions of `count` samples, and the guidance by them.
 *
 * @throws GenError `usage` naming a condition that is missing, unknown or of another shape.
 */
export function conditionsOf(
  flags: ConditionFlags,
  arrays: ConditionArrays,
  pipeline: Conditioned & { readonly guidance?: number },
  { count, model }: { readonly count: number; readonly model: string },
): Conditioning {
  const wanted = pipeline.denoiser.condition ?? {};
  const label = labelName(wanted);
  const condition = tensorsOf("--condition", arrays.condition, wanted, count);
  if (flags.class) {
    if (label === undefined) throw usageError("--class must be left out: the model has no classes");
    if (label in condition)
      throw usageError(`--condition ${label} must be left out where --class is given`);
    condition[label] = labelsOf(flags.class, pipeline, count);
  }
  const missing = Object.keys(wanted).filter((name) => !(name in condition));
  if (missing.length > 0) {
    const needed = neededText(missing, wanted, pipeline, count);
    const prompt = `the model needs a prompt: gen generate "a red fox" --model ${model}; or `;
    throw usageError(missing.includes("encoder_hidden_states") ? prompt + needed : needed);
  }
  const unconditional: Record<string, Tensor | number> = tensorsOf(
    "--unconditional",
    arrays.unconditional,
    wanted,
    1,
  );
  if (label !== undefined && pipeline.classes && Object.keys(unconditional).length === 0) {
    unconditional[label] = pipeline.classes.length;
  }
  const isDefault = label !== undefined && typeof unconditional[label] === "number";
  const scale = flags.guidance ?? (isDefault ? pipeline.guidance : undefined);
  if (scale === undefined || scale <= 1) {
    if (flags.unconditional)
      throw usageError("--unconditional must be left out without --guidance above 1");
    return { condition };
  }
  if (Object.keys(unconditional).length === 0) {
    const names = Object.keys(wanted);
    throw usageError(
      names.length === 0
        ? "--guidance must be left out: the model has no conditions"
        : `--guidance ${scale} needs what means none: pass --unconditional ${names[0]}=file.npy`,
    );
  }
  return { condition, guidance: { scale, unconditional } };
}

/** The condition that is a class label: a whole number for each sample. */
const labelName = (wanted: Readonly<Record<string, Signature>>): string | undefined =>
  Object.keys(wanted).find(
    (name) => wanted[name].shape.length === 1 && !isFloat(wanted[name].dtype ?? "float32"),
  );

/** Labels of `count` samples, those of the first class first. */
function labelsOf(classes: readonly string[], pipeline: Conditioned, count: number): Tensor {
  const labels = classes.map((text) => labelOf(text, pipeline));
  const each = count / labels.length;
  const all = Array.from({ length: count }, (_, i) => labels[Math.floor(i / each)]);
  return tensor(all, [count], "int64");
}

function labelOf(text: string, { classes = [], denoiser }: Conditioned): number {
  const known = denoiser.classes ?? (classes.length || Number.POSITIVE_INFINITY);
  const number = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (number !== undefined && number < known) return number;
  // DiT's names are lists of words: "white shark, man-eater".
  const isNamed = (name: string) => [name, ...name.split(",")].some((word) => word.trim() === text);
  const label = number === undefined ? classes.findIndex(isNamed) : -1;
  if (label >= 0) return label;
  const range = Number.isFinite(known) ? `0 to ${known - 1}` : "0 or more";
  throw usageError(
    `--class must be a class of the model, a number of ${range} or a name, got ${text}`,
  );
}

/** Arrays as tensors of the network's types. */
function tensorsOf(
  flag: string,
  arrays: Arrays,
  wanted: Readonly<Record<string, Signature>>,
  count: number,
): Record<string, Tensor> {
  const entries = Object.entries(arrays).map(([name, array]) => {
    const like = Object.hasOwn(wanted, name) ? wanted[name] : undefined;
    if (!like) {
      const names = Object.keys(wanted).join(", ");
      throw usageError(
        names === ""
          ? `${flag} ${name} must be left out: the model has no conditions`
          : `${flag} must name a condition of the model, one of ${names}, got ${name}`,
      );
    }
    const { shape } = array;
    const [rows, ...item] = shape;
    const fits =
      shape.length === like.shape.length &&
      (rows === 1 || rows === count) &&
      item.every((d, i) => typeof like.shape[i + 1] === "string" || d === like.shape[i + 1]);
    if (!fits) {
      throw usageError(
        `${flag} ${name} must be ${wantedText(like, count)}, got [${shape.join(", ")}]`,
      );
    }
    return [name, tensorOf(`${flag} ${name}`, array, like)] as const;
  });
  return Object.fromEntries(entries);
}

function tensorOf(flag: string, array: NdArray, { dtype = "float32" }: Signature): Tensor {
  const { data, shape } = array;
  if (isFloat(dtype)) return tensor(Float32Array.from(floatsOf(flag, array)), shape);
  const numbers = Array.from(data as ArrayLike<number | bigint>, Number);
  const isWhole = !/float/.test(array.dtype) && numbers.every(Number.isSafeInteger);
  if (isWhole) return tensor(numbers, shape, dtype);
  throw usageError(`${flag} must hold whole numbers of an integer type, got ${array.dtype}`);
}

const wantedText = ({ shape }: Signature, count: number): string =>
  shapeText([count === 1 ? 1 : `1 or ${count}`, ...shape.slice(1)]);

/** What the model needs and was not given. */
function neededText(
  missing: readonly string[],
  wanted: Readonly<Record<string, Signature>>,
  { denoiser, classes }: Conditioned,
  count: number,
): string {
  const label = labelName(wanted);
  const parts = missing.map((name) => {
    if (name !== label) return `--condition ${name}=file.npy ${wantedText(wanted[name], count)}`;
    const known = denoiser.classes ?? classes?.length;
    return known === undefined ? "--class 0" : `--class with a number of 0 to ${known - 1}`;
  });
  return `pass ${parts.join(" and ")}`;
}
