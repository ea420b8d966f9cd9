import type { Pixels } from "./model-work.ts";

/** The largest file that is decoded. */
const MAX_BYTES = 2 ** 26;

/**
 * A reader's picture in the size that a model takes: scaled to cover it, the rest cut off evenly.
 *
 * @throws Error when the browser cannot decode the file, or the file is too large.
 */
export async function startPicture(
  file: Blob,
  [width, height]: readonly [width: number, height: number],
): Promise<Pixels> {
  if (file.size > MAX_BYTES) throw new Error(`${file.size} bytes, at most ${MAX_BYTES} are read`);
  const image = await createImageBitmap(file);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser draws no pictures");
  const scale = Math.max(width / image.width, height / image.height);
  const sides = [scale * image.width, scale * image.height] as const;
  context.imageSmoothingQuality = "high";
  // What is transparent becomes white.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(image, (width - sides[0]) / 2, (height - sides[1]) / 2, ...sides);
  image.close();
  return { data: context.getImageData(0, 0, width, height).data, width, height };
}
