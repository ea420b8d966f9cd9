import type { Letter, Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** Half of the x axis that a river shows. */
const EXTENT = 2.35;
/** Bars of a histogram. */
const BARS = 48;

/** The paths of a river. */
export interface RiverPicture {
  /** The frames of DDIM and of DDPM traced so far, `[n, 2]` each. */
  readonly ddim: readonly Float32Array[];
  readonly ddpm: readonly Float32Array[];
  /** The number of steps of the whole paths. */
  readonly steps: number;
  /** A letter whose paths stand out. */
  readonly letter?: Letter;
  /** The part that is drawn, from one step to another. @defaultValue the whole */
  readonly part?: readonly [from: number, to: number];
}

/** The left and right margins of a river, which hold the histograms. */
export const riverMargin = (width: number): number => (width < 640 ? 16 : 64);

const DDIM_LINES = 130;
const DDPM_LINES = 70;

/**
 * Draws every path's x over log SNR: DDPM wanders, DDIM glides. Left is the histogram of the noise,
 * right that of the data.
 */
export function drawRiver(
  surface: Surface,
  box: Box,
  palette: Palette,
  { ddim, ddpm, steps, letter, part = [0, steps] }: RiverPicture,
): void {
  const { width, height, left = 0, top = 0 } = box;
  const margin = riverMargin(width);
  const x = (step: number) => left + margin + ((width - 2 * margin) * step) / steps;
  const y = (v: number) => {
    const down = height / 2 - (v * height) / (2 * EXTENT);
    return top + Math.min(Math.max(down, 0), height);
  };
  const quiet = (own: boolean) => (letter === undefined ? 1 : own ? 2.1 : 0.28);

  const wanders = letter === "z" || letter === "eta";
  surface.lineWidth = wanders ? 1.2 : 0.8;
  surface.strokeStyle = palette[letter === "eta" ? "eta" : "z"];
  surface.globalAlpha = 0.36 * quiet(wanders);
  drawLines(surface, x, y, ddpm, part, DDPM_LINES);

  const glides = letter === "x0" || letter === "eps";
  surface.lineWidth = 1;
  surface.strokeStyle = palette[letter === "eps" ? "eps" : "x0"];
  surface.globalAlpha = 0.34 * quiet(glides);
  drawLines(surface, x, y, ddim, part, DDIM_LINES);

  surface.fillStyle = palette.ink;
  surface.globalAlpha = 0.9;
  const bar = (height / BARS) * 0.62;
  const draw = (frame: Float32Array | undefined, place: (length: number) => number) => {
    if (!frame) return;
    const counts = histogram(frame);
    const most = Math.max(...counts, 1);
    counts.forEach((n, b) => {
      if (n === 0) return;
      const length = ((margin - 10) * n) / most;
      const middle = y(((b + 0.5) / BARS) * 2 * EXTENT - EXTENT);
      surface.fillRect(left + place(length), middle - bar / 2, length, bar);
    });
  };
  if (part[0] === 0) draw(ddim[0], (length) => margin - 6 - length);
  if (part[1] === steps) draw(ddim[steps], () => width - margin + 6);
  surface.globalAlpha = 1;
}

/** Draws lines one by one: one stroke for all would not darken their crossings. */
function drawLines(
  surface: Surface,
  x: (step: number) => number,
  y: (v: number) => number,
  frames: readonly Float32Array[],
  [from, to]: readonly [number, number],
  lines: number,
): void {
  const count = Math.min(lines, (frames[from]?.length ?? 0) / 2);
  const last = Math.min(to, frames.length - 1);
  for (let line = 0; line < count; line++) {
    surface.beginPath();
    surface.moveTo(x(from), y(frames[from][2 * line]));
    for (let step = from + 1; step <= last; step++) {
      surface.lineTo(x(step), y(frames[step][2 * line]));
    }
    surface.stroke();
  }
}

/** The number of points in each bar of the x axis, from low to high. */
export function histogram(points: ArrayLike<number>): number[] {
  const counts = new Array<number>(BARS).fill(0);
  for (let i = 0; i < points.length; i += 2) {
    const bar = Math.floor(((points[i] + EXTENT) / (2 * EXTENT)) * BARS);
    if (bar >= 0 && bar < BARS) counts[bar]++;
  }
  return counts;
}
