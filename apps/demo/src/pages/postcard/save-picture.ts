import {
  drawRiver,
  drawStage,
  HOLD,
  type Palette,
  positionOf,
  RUN,
  readPalette,
  riverMargin,
  type Surface,
  stillLogSnrs,
  svgSurface,
} from "@gen/figures";

/** What a saved picture shows. */
export interface SavedPicture {
  readonly ddim: readonly Float32Array[];
  readonly ddpm: readonly Float32Array[];
  readonly steps: number;
}

const size = { width: 1200, height: 800 } as const;
const stageBox = { left: 60, top: 30, width: 1080, height: 540 } as const;
const riverBox = { left: 60, top: 600, width: 1080, height: 170 } as const;

/** Draws the stage at a position above the whole river, with the playhead. */
function drawPicture(surface: Surface, palette: Palette, picture: SavedPicture, at: number): void {
  surface.globalAlpha = 1;
  surface.fillStyle = palette.ground;
  surface.fillRect(0, 0, size.width, size.height);
  drawStage(surface, stageBox, palette, { ...picture, frames: picture.ddim, at });
  drawRiver(surface, riverBox, palette, picture);
  const { left, top, width, height } = riverBox;
  const margin = riverMargin(width);
  surface.fillStyle = palette.ink;
  surface.fillRect(left + margin + at * (width - 2 * margin) - 0.75, top, 1.5, height);
}

const palette = () => readPalette(document.documentElement);

function canvasPicture() {
  const canvas = Object.assign(document.createElement("canvas"), size);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no canvas");
  return { canvas, context };
}

/** The picture at a position as a PNG file. */
export function pngPicture(picture: SavedPicture, at: number): Promise<Blob> {
  const { canvas, context } = canvasPicture();
  drawPicture(context, palette(), picture, at);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("this browser wrote no PNG file"))),
      "image/png",
    ),
  );
}

/** The picture at a position as an SVG file. */
export function svgPicture(picture: SavedPicture, at: number): Blob {
  const surface = svgSurface(size);
  drawPicture(surface, palette(), picture, at);
  return new Blob([surface.svg()], { type: "image/svg+xml" });
}

/** The points at each still as PNG files, for a browser that records no film. */
export const stillPictures = (picture: SavedPicture): Promise<Blob[]> =>
  Promise.all(stillLogSnrs.map((logSnr) => pngPicture(picture, positionOf(logSnr))));

/** The format of films that this browser records, best first. Undefined if it records none. */
export function filmType(): string | undefined {
  if (typeof MediaRecorder === "undefined") return undefined;
  if (!("captureStream" in HTMLCanvasElement.prototype)) return undefined;
  const { canvas } = canvasPicture();
  const types = ["video/webm;codecs=vp9", "video/webm", "video/mp4"];
  return types.find((type) => MediaRecorder.isTypeSupported(type) && records(canvas, type));
}

/** Whether a recorder can be made. WebKitGTK says that it supports a type, and then has none. */
function records(canvas: HTMLCanvasElement, mimeType: string): boolean {
  const stream = canvas.captureStream();
  try {
    return new MediaRecorder(stream, { mimeType }).state === "inactive";
  } catch {
    return false;
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

/**
 * Records a run and its hold. It takes as long as the film. Undefined if nothing was recorded:
 * WebKitGTK can have a recorder whose film is empty, and reports no error.
 */
export async function recordFilm(picture: SavedPicture, type: string): Promise<Blob | undefined> {
  const { canvas, context } = canvasPicture();
  const colors = palette();
  drawPicture(context, colors, picture, 0);
  const stream = canvas.captureStream(30);
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 6_000_000 });
  const parts: Blob[] = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const ended = new Promise((resolve, reject) => {
    recorder.addEventListener("stop", resolve);
    recorder.addEventListener("error", () => reject(new Error("this browser recorded no film")));
  });
  recorder.start();
  const started = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - started;
      drawPicture(context, colors, picture, Math.min(elapsed / RUN, 1));
      if (elapsed < RUN + HOLD) return;
      clearInterval(timer);
      resolve();
    }, 1000 / 30);
  });
  recorder.stop();
  await ended;
  for (const track of stream.getTracks()) track.stop();
  const film = new Blob(parts, { type });
  return film.size > 0 ? film : undefined;
}
