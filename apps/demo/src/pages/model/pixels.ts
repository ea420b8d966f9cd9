import { toPixels } from "@gen/pipeline";
import type { Pixels } from "./model-work.ts";

/** Samples of any shape `[batch, ...]`, row-major. */
interface Values {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** The first of several samples with three channels; any other number becomes shades of gray. */
export function pixelsOf({ data, shape }: Values): Pixels {
  const [channels, height, width] = sidesOf(shape);
  const size = height * width;
  const mean = (i: number) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += data[c * size + i];
    return sum / channels;
  };
  const images =
    channels === 3
      ? data.slice(0, 3 * size)
      : Float32Array.from({ length: 3 * size }, (_, i) => mean(i % size));
  const [pixels, ...sides] = toPixels({ images, shape: [1, 3, height, width] });
  return { data: pixels, width: sides[0], height: sides[1] };
}

/** `[channels, height, width]`: a sample without height is one row. */
const sidesOf = ([, ...item]: readonly number[]): readonly [number, number, number] =>
  item.length === 3
    ? [item[0], item[1], item[2]]
    : [1, item.length === 2 ? item[0] : 1, item.at(-1) ?? 1];

/** Mean, standard deviation, least and most of each channel of the first sample. */
export function channelsOf({ data, shape }: Values): number[][] {
  const [channels, height, width] = sidesOf(shape);
  const size = height * width;
  return Array.from({ length: channels }, (_, c) => {
    const values = data.subarray(c * size, (c + 1) * size);
    const mean = values.reduce((sum, v) => sum + v, 0) / size;
    const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / size);
    const [least, most] = [Math.min, Math.max].map((pick) => values.reduce((a, b) => pick(a, b)));
    return [mean, spread, least, most];
  });
}

/** A picture as values of three channels in [-1, 1]. */
export function imageOf({ data, width, height }: Pixels): Values {
  const size = width * height;
  const values = Float32Array.from(
    { length: 3 * size },
    (_, i) => data[4 * (i % size) + Math.floor(i / size)] / 127.5 - 1,
  );
  return { data: values, shape: [3, height, width] };
}
