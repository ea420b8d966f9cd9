/*
 * Values that can be seen: points [n, 2] and pictures [h, w], [c, h, w] or [n, c, h, w]. A value has
 * a shape if it is nested lists, a tensor `{ data, shape }`, samples `{ x, shape }`, or a dataset.
 */

/** Points of the plane. */
export interface PointsDrawing {
  readonly kind: "points";
  /** How many points the value has. At most {@link MOST_POINTS} are drawn. */
  readonly count: number;
  /** [n, 2] */
  readonly values: Float32Array;
}

/** Pictures of one channel or of red, green and blue. */
export interface PicturesDrawing {
  readonly kind: "pictures";
  /** How many pictures the value has. At most {@link MOST_PICTURES} are drawn. */
  readonly count: number;
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  /** [n, channels, height, width], from 0 to 1. */
  readonly values: Float32Array;
}

export type Drawing = PointsDrawing | PicturesDrawing;

export const MOST_POINTS = 5000;
export const MOST_PICTURES = 16;
/** The longest side of a picture. */
export const MOST_SIDE = 512;
/** A smaller matrix is numbers, not a picture. */
const LEAST_SIDE = 4;
const LEAST_POINTS = 3;

type Numbers = ArrayLike<number>;

interface Shaped {
  readonly shape: readonly number[];
  readonly values: Numbers;
  /** What black and white are. By default the smallest and the largest value. */
  readonly range?: readonly [number, number];
}

/** The drawing of a value, or undefined if it is neither points nor pictures. */
export function drawingOf(value: unknown, shape?: readonly number[]): Drawing | undefined {
  const shaped = shapedOf(value, shape);
  if (!shaped) return undefined;
  const { length } = shaped.shape;
  if (length === 2 && shaped.shape[1] === 2) return pointsOf(shaped);
  if (length >= 2 && length <= 4) return picturesOf(shaped);
  return undefined;
}

function shapedOf(value: unknown, shape?: readonly number[]): Shaped | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value) && !shape) return nested(value);
  const { data, x, length, range, shape: own } = value as Record<string, unknown>;
  const flat = Array.isArray(value) || ArrayBuffer.isView(value) ? value : (data ?? x);
  const each = shape ?? own;
  if (!isNumbers(flat) || !Array.isArray(each) || !each.every(Number.isSafeInteger)) {
    return undefined;
  }
  const product = each.reduce((a: number, b: number) => a * b, 1);
  if (product === flat.length) return { shape: each, values: flat, ...rangeOf(range) };
  // A dataset has the shape of one item.
  if (data !== undefined && typeof length === "number" && product * length === flat.length) {
    return { shape: [length, ...each], values: flat, ...rangeOf(range) };
  }
  return undefined;
}

const rangeOf = (range: unknown): Pick<Shaped, "range"> =>
  Array.isArray(range) && range.length === 2 && range.every(Number.isFinite)
    ? { range: [range[0], range[1]] }
    : {};

function isNumbers(value: unknown): value is Numbers {
  if (Array.isArray(value)) return value.every((v) => typeof v === "number");
  return (
    ArrayBuffer.isView(value) &&
    "length" in value &&
    !(value instanceof BigInt64Array || value instanceof BigUint64Array)
  );
}

/** Lists of lists of numbers, all of one length on each level. */
function nested(value: readonly unknown[]): Shaped | undefined {
  const shape: number[] = [];
  let level: unknown = value;
  while (Array.isArray(level) || (isNumbers(level) && shape.length > 0)) {
    shape.push((level as ArrayLike<unknown>).length);
    level = (level as ArrayLike<unknown>)[0];
    if (shape.length > 4 || shape.at(-1) === 0) return undefined;
  }
  let lists: unknown[] = [value];
  for (let depth = 0; depth < shape.length; depth++) {
    const right = lists.every((each) => (each as ArrayLike<unknown>)?.length === shape[depth]);
    if (!right) return undefined;
    lists = lists.flatMap((each) => Array.from(each as ArrayLike<unknown>));
  }
  return isNumbers(lists) ? { shape, values: lists } : undefined;
}

function pointsOf({ shape: [count], values }: Shaped): PointsDrawing | undefined {
  if (count < LEAST_POINTS) return undefined;
  const drawn = Float32Array.from(
    { length: 2 * Math.min(count, MOST_POINTS) },
    (_, i) => values[i],
  );
  return drawn.every(Number.isFinite) ? { kind: "points", count, values: drawn } : undefined;
}

function picturesOf({ shape, values, range }: Shaped): PicturesDrawing | undefined {
  const [height, width] = shape.slice(-2);
  const channels = shape.length > 2 ? shape[shape.length - 3] : 1;
  const count = shape.length > 3 ? shape[0] : 1;
  const fits = [height, width].every((side) => side >= LEAST_SIDE && side <= MOST_SIDE);
  if (!fits || (channels !== 1 && channels !== 3) || count === 0) return undefined;
  const size = channels * height * width * Math.min(count, MOST_PICTURES);
  const [low, high] = range ?? extent(values, size);
  const drawn = Float32Array.from({ length: size }, (_, i) =>
    // NaN is black.
    Math.min(Math.max((values[i] - low) / (high - low || 1) || 0, 0), 1),
  );
  return { kind: "pictures", count, channels, height, width, values: drawn };
}

function extent(values: Numbers, size: number): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < size; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : [0, 1];
}
