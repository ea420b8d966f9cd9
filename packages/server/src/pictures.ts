import { type Raster, writeNpy, writePng } from "@gen/data";
import type { Drawn } from "./served-model.ts";

/** Whether samples of this shape are pictures: gray or color, `[channels, height, width]`. */
export const arePictures = (item: readonly number[]): boolean =>
  item.length === 3 && (item[0] === 1 || item[0] === 3);

/** Each of the pictures `[n, channels, height, width]` in [-1, 1] as a PNG in base64. */
export function pngs({ x, shape }: Drawn): string[] {
  const [count, channels, height, width] = shape;
  const [size, area] = [x.length / count, height * width];
  return Array.from({ length: count }, (_, i) => {
    const data = new Uint8ClampedArray(size);
    for (let at = 0; at < size; at++) {
      const value = x[i * size + (at % channels) * area + Math.floor(at / channels)];
      data[at] = (value / 2 + 0.5) * 255;
    }
    const raster = { width, height, channels: channels as Raster["channels"] };
    return base64(writePng({ ...raster, data: new Uint8Array(data.buffer) }));
  });
}

/** Samples as an npy file in base64. */
export const npy = ({ x, shape }: Drawn): string => base64(writeNpy({ data: x, shape }));

const base64 = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
