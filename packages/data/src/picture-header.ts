/*
 * The size of a JPEG or WebP, from its header alone: a picture that is too large is refused before
 * its decoder allocates anything.
 *
 *   JPEG   ITU T.81, annex B: segments FF <marker> <length> ..., the size is in the frame's (SOF)
 *   WebP   RFC 9649: RIFF <size> WEBP, then VP8 (lossy), VP8L (lossless) or VP8X (extended)
 */
import { dataError } from "./data-error.ts";

/** The formats of pictures that are read. */
export type PictureKind = "PNG" | "JPEG" | "WebP";

/** What is known of a picture before it is decoded. An EXIF turn may exchange the sides. */
export interface PictureHeader {
  readonly width: number;
  readonly height: number;
  /** Whether the picture has one channel. */
  readonly isGrey: boolean;
}

const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  Array.from(text).every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

/** The format of a picture by its first bytes, whatever its name says. */
export function pictureKind(bytes: Uint8Array): PictureKind | undefined {
  if (startsWith(bytes, "\x89PNG")) return "PNG";
  if (startsWith(bytes, "\xff\xd8\xff")) return "JPEG";
  if (startsWith(bytes, "RIFF") && startsWith(bytes, "WEBP", 8)) return "WebP";
  return undefined;
}

/** Start of scan and end of image: no frame comes after them. */
const [SOS, EOI] = [0xda, 0xd9];

const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

const hasNoLength = (marker: number): boolean =>
  marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);

/** @throws GenError `invalid-data` when the JPEG ends before its frame, or has a side of 0. */
export function readJpegHeader(name: string, bytes: Uint8Array): PictureHeader {
  const u16 = (at: number): number => (bytes[at] << 8) | bytes[at + 1];
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === 0 || marker === SOS || marker === EOI) break;
    // FF may be repeated before a marker.
    if (marker === 0xff || hasNoLength(marker)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (isFrame(marker) && at + 10 <= bytes.length) {
      return checked(name, u16(at + 7), u16(at + 5), bytes[at + 9] === 1);
    }
    at += 2 + u16(at + 2);
  }
  throw dataError(name, "not a readable JPEG: it has no frame before its pixels");
}

/** @throws GenError `invalid-data` when the first chunk of the WebP says no size. */
export function readWebpHeader(name: string, bytes: Uint8Array): PictureHeader {
  const u16 = (at: number): number => bytes[at] | (bytes[at + 1] << 8);
  const u24 = (at: number): number => u16(at) | (bytes[at + 2] << 16);
  const isIn = (end: number): boolean => bytes.length >= end;
  if (startsWith(bytes, "VP8X", 12) && isIn(30)) {
    return checked(name, u24(24) + 1, u24(27) + 1, false);
  }
  if (startsWith(bytes, "VP8L", 12) && isIn(25) && bytes[20] === 0x2f) {
    const width = (u16(21) & 0x3fff) + 1;
    return checked(name, width, ((u24(22) >> 6) & 0x3fff) + 1, false);
  }
  if (startsWith(bytes, "VP8 ", 12) && isIn(30) && startsWith(bytes, "\x9d\x01\x2a", 23)) {
    return checked(name, u16(26) & 0x3fff, u16(28) & 0x3fff, false);
  }
  throw dataError(name, "not a readable WebP: its first chunk says no size");
}

/**
 * A decoder may fill what a cut file lacks with one color and say nothing, as Firefox's and WebKit's do.
 *
 * @throws GenError `invalid-data` when a JPEG has no end of image, or a WebP is shorter than it says.
 */
export function checkWhole(name: string, kind: PictureKind, bytes: Uint8Array): void {
  const isWhole = kind === "JPEG" ? hasEnd(bytes) : bytes.length >= 8 + riffSize(bytes);
  if (!isWhole) throw dataError(name, `not a readable ${kind}: the file is cut`);
}

const riffSize = (bytes: Uint8Array): number =>
  (bytes[4] | (bytes[5] << 8) | (bytes[6] << 16) | (bytes[7] << 24)) >>> 0;

/** Whether an end of image comes after the segments and scans, in which FF 00 is a byte FF. */
function hasEnd(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(0xff, 2); at >= 0; at = bytes.indexOf(0xff, at)) {
    const marker = bytes[at + 1];
    if (marker === EOI) return true;
    if (marker === 0xff) at += 1;
    else if (marker === 0 || hasNoLength(marker)) at += 2;
    else at += 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
  }
  return false;
}

function checked(name: string, width: number, height: number, isGrey: boolean): PictureHeader {
  if (width > 0 && height > 0) return { width, height, isGrey };
  throw dataError(name, `a picture must have sides of at least 1, got ${width}x${height}`);
}
