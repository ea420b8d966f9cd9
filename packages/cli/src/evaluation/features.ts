/*
 * Features of images, in which distances are measured: those of a classifier that comes with the
 * command, of any ONNX model, or the pixels themselves.
 */

import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { add, concat, constant, type Expr, matmul, mul, reshape, tensor, trace } from "@gen/graph";
import { fromOnnx, MAX_FILE_BYTES } from "@gen/graph/onnx";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { prefixErrors, usageError } from "../errors.ts";
import { readBounded, readInside } from "../files.ts";
import type { Items } from "./items.ts";
import { sizeOf } from "./items.ts";

/** The classifiers that come with the command, by the data that they learned. */
const classifierNames: readonly string[] = ["digits", "fashion-mnist"];

/** Whether features come from a file or a folder. */
export const isFeaturesPath = (name: string): boolean =>
  name !== "pixels" && !classifierNames.includes(name);

/** Features of items, `[length, dim]`, and the words for them. */
export interface Features {
  readonly data: ArrayLike<number>;
  readonly dim: number;
}

/** What measures features of items. */
export interface FeatureExtractor {
  /** What the features are, for the table. */
  readonly what: string;
  of(items: Items, onProgress?: (done: number) => void): Promise<Features>;
  dispose(): Promise<void>;
}

/** The most numbers of one item's features: a Frechet distance takes their cube in time. */
const MAX_FEATURES = 4096;
/** The most images at once, and the most numbers of theirs, which bound the memory. */
const BATCH = { images: 100, numbers: 2 ** 22 };

/** The items' own numbers. @throws GenError `usage` when there are too many. */
function ownFeatures(shape: readonly number[]): FeatureExtractor {
  const dim = sizeOf({ shape });
  checkCount(dim, `items [${shape.join(", ")}] have`);
  return {
    what: shape.length === 1 ? "points" : "pixels",
    of: async ({ data }) => ({ data, dim }),
    dispose: async () => undefined,
  };
}

function checkCount(dim: number, which: string): void {
  if (dim <= MAX_FEATURES) return;
  throw usageError(
    `--features must name a model of at most ${MAX_FEATURES} features: ${which} ${dim}`,
  );
}

/**
 * The features that a model gives of images `[channels, height, width]` in [-1, 1]: its output
 * `features`, or its only one, flattened. Grey images become those of three channels where the model takes three,
 * and images are scaled linearly to the model's size.
 * @throws GenError `usage` naming the file when it is no such model.
 */
async function modelFeatures(
  name: string,
  shape: readonly number[],
  backend: Backend,
  range: readonly [number, number] = [-1, 1],
): Promise<FeatureExtractor> {
  const flag = `--features ${name}`;
  const isOwn = classifierNames.includes(name);
  const path = isOwn
    ? fileURLToPath(new URL(`../../assets/features-${name}.onnx`, import.meta.url))
    : name;
  const bytes = await featuresFile(path);
  if (!bytes) throw usageError(`${flag}: no such file`);
  const { graph, batch, dim } = prefixErrors(flag, () => extractor(bytes, shape, range));
  checkCount(dim, `${name} gives`);
  const program = await backend.compile(graph);
  const what = isOwn ? `features of the ${name} classifier` : `features of ${name}`;
  return {
    what,
    async of({ data, length }, onProgress) {
      const size = sizeOf({ shape });
      const out = new Float32Array(length * dim);
      for (let first = 0; first < length; first += batch) {
        const part = new Float32Array(batch * size);
        part.set(data.subarray(first * size, Math.min(first + batch, length) * size));
        const x = { data: part, shape: [batch, ...shape] };
        const { features } = await callProgram(backend, program, { x });
        out.set(features.subarray(0, Math.min(batch, length - first) * dim), first * dim);
        onProgress?.(Math.min(first + batch, length));
      }
      return { data: out, dim };
    },
    dispose: async () => program.dispose(),
  };
}

/** The bytes of a model, or of the features of a folder that `gen train classifier` made. */
async function featuresFile(path: string): Promise<Uint8Array | undefined> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory();
  if (isFolder) return readInside(path, "features.onnx", MAX_FILE_BYTES);
  return readBounded(path, MAX_FILE_BYTES);
}

/** The graph of a model from images as they are here to its features `[batch, dim]`. */
function extractor(
  bytes: Uint8Array,
  shape: readonly number[],
  [low, high]: readonly [number, number],
) {
  const model = fromOnnx(bytes);
  const [[name, input], ...others] = Object.entries(model.signature);
  const outputs = model.outputNames;
  const output = outputs.includes("features") ? "features" : outputs[0];
  const [count, ...wanted] = input?.shape ?? [];
  const text = outputs.join(", ");
  if (
    others.length > 0 ||
    shape.length !== 3 ||
    wanted.length !== 3 ||
    !input.dtype.startsWith("f")
  )
    throw usageError("the model must take images [batch, channels, height, width] alone");
  if (outputs.length > 1 && output !== "features")
    throw usageError(`the model must have one output, or one named features, got ${text}`);
  const batch = typeof count === "number" ? count : batchOf(wanted, shape);
  const graph = trace(
    ({ x }) => {
      const scaled = add(mul(x, (high - low) / 2), (high + low) / 2);
      const given = { [name]: fitted(scaled, shape, wanted) };
      const found = model.apply(given)[output];
      return { features: reshape(found, [batch, -1]) };
    },
    { x: { shape: [batch, ...shape] } },
  );
  const [, dim] = graph.outputs.features.shape;
  if (typeof dim !== "number") throw usageError("the model must give features of a fixed size");
  return { graph, batch, dim };
}

type Wanted = readonly (number | string)[];

/** The dimensions that a model leaves open are those of the images. */
const sizesOf = (wanted: Wanted, shape: readonly number[]): number[] =>
  wanted.map((d, i) => (typeof d === "number" ? d : shape[i]));

/** Images at once, as many as the memory of a large network of large images allows. */
const batchOf = (wanted: Wanted, shape: readonly number[]): number => {
  const numbers = sizeOf({ shape: sizesOf(wanted, shape) });
  return Math.max(1, Math.min(BATCH.images, Math.floor(BATCH.numbers / numbers)));
};

/** Images as a model takes them, whose dimensions may be open. */
function fitted(x: Expr, shape: readonly number[], wanted: Wanted): Expr {
  const [channels, height, width] = sizesOf(wanted, shape);
  const isGrey = shape[0] === 1 && channels === 3;
  if (shape[0] !== channels && !isGrey)
    throw usageError(`the model takes ${channels} channels, and the images have ${shape[0]}`);
  const colored = isGrey ? concat([x, x, x], 1) : x;
  if (height === shape[1] && width === shape[2]) return colored;
  const rows = constant(tensor(interpolation(shape[1], height), [height, shape[1]]));
  const columns = interpolation(shape[2], width);
  const transposed = Float32Array.from(columns, (_, i) => {
    return columns[(i % width) * shape[2] + Math.floor(i / width)];
  });
  return matmul(rows, matmul(colored, constant(tensor(transposed, [shape[2], width]))));
}

/** Weights `[to, from]` of linear interpolation between the centers of pixels. */
function interpolation(from: number, to: number): Float32Array {
  const out = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const left = Math.min(from - 1, Math.floor(at));
    out[i * from + left] += 1 - (at - left);
    if (at > left) out[i * from + left + 1] += at - left;
  }
  return out;
}

/** The features of --features, or those that the data have. */
export async function extractorOf(
  name: string,
  shape: readonly number[],
  options: {
    readonly features?: string;
    readonly featureRange?: readonly [number, number];
  },
  backend: Backend,
): Promise<FeatureExtractor> {
  const chosen = options.features ?? (classifierNames.includes(name) ? name : "pixels");
  if (chosen === "pixels") return ownFeatures(shape);
  return modelFeatures(chosen, shape, backend, options.featureRange);
}
