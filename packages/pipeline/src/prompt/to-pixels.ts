import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";
import type { Pictures } from "./make-pictures.ts";

const PICTURES: rules.Rule = rules.having("pictures { images, shape }", {
  images: ["a Float32Array", (value) => value instanceof Float32Array],
  shape: ["[pictures, 3, height, width]", isShape],
});

function isShape(shape: unknown): boolean {
  return (
    Array.isArray(shape) && shape.length === 4 && shape[1] === 3 && shape.every(rules.COUNT[1])
  );
}

/**
 * One of several pictures as the arguments of a page's `ImageData`: red, green, blue and opaque alpha
 * in [0, 255], rounded as diffusers does.
 *
 * `context.putImageData(new ImageData(...toPixels(pictures)), 0, 0)`
 *
 * @param pictures Pictures `[n, 3, height, width]` in [-1, 1].
 * @param index Which picture, 0-based. Default: 0.
 * @throws RangeError when there is no picture of this index.
 */
export function toPixels(
  pictures: Pick<Pictures, "images" | "shape">,
  index = 0,
): [data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number] {
  checkArguments({ pictures }, { pictures: PICTURES });
  const [count, channels, height, width] = pictures.shape;
  const { length } = pictures.images;
  if (length !== count * channels * height * width) {
    throw new ArgumentError(
      `pictures.images must have the shape [${pictures.shape.join(", ")}], got ${length} numbers`,
    );
  }
  checkArguments({ index }, { index: rules.integerIn(0, count - 1) });
  const size = height * width;
  const picture = pictures.images.subarray(index * channels * size, (index + 1) * channels * size);
  const data = new Uint8ClampedArray(4 * size).fill(255);
  // A clamped array rounds halves to even, as NumPy does.
  for (let i = 0; i < picture.length; i++) {
    data[4 * (i % size) + Math.floor(i / size)] = (picture[i] / 2 + 0.5) * 255;
  }
  return [data, width, height];
}
