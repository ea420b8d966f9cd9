/*
 * The decoders of JPEG and WebP. Neither is part of this package: a page has one, and Node takes
 * `sharp` if it is installed.
 */
import { GenError } from "@gen/math";
import { dataError } from "./data-error.ts";
import type { PictureHeader, PictureKind } from "./picture-header.ts";
import type { Raster } from "./png.ts";

/** What a page decodes with. The package's types know no page. */
interface Page {
  readonly Blob: new (parts: readonly Uint8Array[]) => object;
  createImageBitmap(blob: object): Promise<{ width: number; height: number; close(): void }>;
  readonly OffscreenCanvas: new (
    width: number,
    height: number,
  ) => {
    getContext(kind: "2d"): {
      fillStyle: string;
      fillRect(x: number, y: number, width: number, height: number): void;
      drawImage(image: object, x: number, y: number): void;
      getImageData(
        x: number,
        y: number,
        width: number,
        height: number,
      ): { data: Uint8ClampedArray };
    };
  };
}

const page = globalThis as unknown as Partial<Page>;

/** Whether this is a page, or a worker of a page. */
export const isPage = (): boolean =>
  typeof page.createImageBitmap === "function" && typeof page.OffscreenCanvas === "function";

/** Decodes with the browser. @throws GenError `invalid-data` when the browser cannot. */
export async function decodeInPage(
  name: string,
  kind: PictureKind,
  bytes: Uint8Array,
  { isGrey }: PictureHeader,
): Promise<Raster> {
  const { Blob, createImageBitmap, OffscreenCanvas } = page as Page;
  const bitmap = await createImageBitmap(new Blob([bytes])).catch((error: Error) => {
    throw unreadable(name, kind, error);
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height).data;
  const channels = isGrey ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    data[i] = rgba[4 * Math.floor(i / channels) + (i % channels)];
  }
  return { width, height, channels, data };
}

/** Decodes with sharp. @throws GenError `invalid-data` when sharp cannot. */
export async function decodeInNode(
  name: string,
  kind: PictureKind,
  bytes: Uint8Array,
  { width, height, isGrey }: PictureHeader,
): Promise<Raster> {
  const sharp = await loadSharp(name, kind);
  const channels = isGrey ? 1 : 3;
  const { data, info } = await sharp(bytes, {
    limitInputPixels: width * height,
    failOn: "error",
  })
    .rotate()
    .flatten({ background: "#fff" })
    .toColourspace(isGrey ? "b-w" : "srgb")
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: Error) => {
      throw unreadable(name, kind, error);
    });
  const size = info.width * info.height * channels;
  if (data.length !== size) {
    throw unreadable(name, kind, { message: `${data.length} of ${size} bytes of pixels` });
  }
  return { width: info.width, height: info.height, channels, data: new Uint8Array(data) };
}

const unreadable = (
  name: string,
  kind: PictureKind,
  { message }: { readonly message: string },
): GenError => dataError(name, `not a readable ${kind} (${message.trim().replace(/\s+/g, " ")})`);

/** The part of sharp that is used. */
type Sharp = (
  bytes: Uint8Array,
  options: { limitInputPixels: number; failOn: "error" },
) => import("sharp").Sharp;

async function loadSharp(name: string, kind: PictureKind): Promise<Sharp> {
  // A bundler of a page does not look for a name that is no literal.
  const library = "sharp";
  try {
    return (await import(/* @vite-ignore */ library)).default as Sharp;
  } catch (cause) {
    throw new GenError(
      "backend-unavailable",
      `${name}: reading ${kind} needs sharp, which did not load; run: npm install sharp`,
      { cause },
    );
  }
}
