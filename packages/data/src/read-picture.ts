import { dataError, limitError } from "./data-error.ts";
import { decodeInNode, decodeInPage, isPage } from "./decode-picture.ts";
import { MAX_PICTURE_BYTES } from "./limits.ts";
import type { ReadOptions } from "./nd-array.ts";
import { checkWhole, pictureKind, readJpegHeader, readWebpHeader } from "./picture-header.ts";
import { type Raster, readPng } from "./png.ts";

/**
 * Reads a PNG, JPEG or WebP as greyscale or RGB with 8 bits a channel. Its first bytes tell the
 * format. Transparent pixels are blended with white, the turn that a camera's EXIF asks for is made,
 * and of an animation the first picture is read.
 *
 * A page decodes JPEG and WebP with the browser's own decoder, Node with `sharp`. Two JPEG decoders
 * may differ by a level or two. A color profile in the file is applied, as in a browser.
 *
 * @param bytes The bytes of the file.
 * @param options The file's name in errors, and a limit on memory. Default: 256 MiB.
 * @throws GenError `invalid-data` when the file is of another format, damaged or truncated, or takes
 * more than `limit` bytes when decoded, which is checked before anything is allocated;
 * `backend-unavailable` when the file is a JPEG or WebP and `sharp` is not installed.
 */
export async function readPicture(bytes: Uint8Array, options: ReadOptions = {}): Promise<Raster> {
  const { name = "picture", limit = MAX_PICTURE_BYTES } = options;
  const kind = pictureKind(bytes);
  if (kind === undefined) {
    throw dataError(name, "must be a PNG, JPEG or WebP, which its first bytes do not say");
  }
  if (kind === "PNG") return readPng(bytes, { name, limit });
  const header = (kind === "JPEG" ? readJpegHeader : readWebpHeader)(name, bytes);
  const { width, height } = header;
  const size = 3 * width * height;
  if (size > limit)
    throw limitError(name, `a ${width}x${height} ${kind} takes ${size} bytes`, limit);
  checkWhole(name, kind, bytes);
  return (isPage() ? decodeInPage : decodeInNode)(name, kind, bytes, header);
}
