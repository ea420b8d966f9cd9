import type { Pixels } from "./model-work.ts";

/** The largest difference between a PNG at an address and a picture, in levels of 255. */
export async function levelsBetween(url: string, { data, width, height }: Pixels): Promise<number> {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context?.drawImage(image, 0, 0);
  const other = context?.getImageData(0, 0, width, height).data ?? [];
  return data.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
}
