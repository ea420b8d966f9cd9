/*
 * The latent plane of a VAE with two features: what the decoder draws at each place, where the
 * encoder puts the data, and one z that the reader moves.
 */
import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** Square gray pictures: `[count, side * side]`, row by row, 0 is paper and 1 is ink. */
export interface Pictures {
  readonly side: number;
  readonly pixels: ArrayLike<number>;
}

/** What stands still on the plane. */
export interface LatentPicture {
  /** Half of the side of the square that is shown around the origin. */
  readonly half: number;
  /** What the decoder draws at each place of {@link latentGrid}. */
  readonly decoded?: Pictures & { readonly across: number };
  /** Posterior means, `[n, 2]`. */
  readonly points?: ArrayLike<number>;
  /** The class of each point: a short text that marks it. */
  readonly labels?: (point: number) => string;
}

/** What moves on the plane. */
export interface LatentMarks {
  readonly half: number;
  readonly z: readonly [number, number];
  /** The posterior of one example: its mean and deviations. */
  readonly posterior?: {
    readonly mean: ArrayLike<number>;
    readonly deviation: ArrayLike<number>;
  };
  /** Draws of z, `[n, 2]`. */
  readonly draws?: ArrayLike<number>;
}

/** How a box shows the square `[-half, half]^2` of the plane, y up. */
export function latentView({ width, height, left = 0, top = 0 }: Box, half: number) {
  const unit = Math.min(width, height) / (2 * half);
  const middle = { x: left + width / 2, y: top + height / 2 };
  return {
    unit,
    x: (v: number) => middle.x + v * unit,
    y: (v: number) => middle.y - v * unit,
    /** The place of the plane that a spot of the box shows. */
    place: (x: number, y: number): [number, number] => [
      (x - middle.x) / unit,
      (middle.y - y) / unit,
    ],
  };
}

/** The middles of `across * across` cells that fill the plane, `[n, 2]`, from the top left. */
export function latentGrid(across: number, half: number): Float32Array {
  const middle = (i: number) => half * ((2 * i + 1) / across - 1);
  return Float32Array.from({ length: 2 * across * across }, (_, i) => {
    const cell = i >> 1;
    return i % 2 === 0 ? middle(cell % across) : -middle(Math.floor(cell / across));
  });
}

/** Fainter pixels are not seen. */
const FAINT = 0.03;

/** Draws picture `index` into a square of the surface, in ink of the given strength. */
export function drawPixels(
  surface: Surface,
  { width, left = 0, top = 0 }: Box,
  palette: Palette,
  { side, pixels }: Pictures,
  { index = 0, strength = 1 }: { index?: number; strength?: number } = {},
): void {
  // Whole edges leave no seams between pixels.
  const edge = (from: number, count: number) => Math.round(from + (count * width) / side);
  surface.fillStyle = palette.ink;
  for (let i = 0; i < side * side; i++) {
    const alpha = strength * pixels[index * side * side + i];
    if (alpha < FAINT) continue;
    surface.globalAlpha = alpha;
    const [x, y] = [edge(left, i % side), edge(top, Math.floor(i / side))];
    const [right, bottom] = [edge(left, (i % side) + 1), edge(top, Math.floor(i / side) + 1)];
    surface.fillRect(x, y, right - x, bottom - y);
  }
  surface.globalAlpha = 1;
}

/**
 * Draws the decoder's pictures in ink, the rings of the prior N(0, I) at 1 and 2 deviations, and
 * the data's classes in the color of x0, each at its posterior mean.
 */
export function drawLatentPlane(
  surface: Surface,
  box: Box,
  palette: Palette,
  { half, decoded, points, labels = () => "·" }: LatentPicture,
): void {
  const view = latentView(box, half);
  if (decoded) {
    const { across } = decoded;
    const cell = (2 * half * view.unit) / across;
    const inner = { width: cell * 0.86, height: cell * 0.86 };
    const middles = latentGrid(across, half);
    for (let index = 0; index < across * across; index++) {
      const left = view.x(middles[2 * index]) - inner.width / 2;
      const top = view.y(middles[2 * index + 1]) - inner.height / 2;
      const strength = points ? 0.3 : 1;
      drawPixels(surface, { ...inner, left, top }, palette, decoded, { index, strength });
    }
  }
  surface.lineWidth = 1;
  surface.strokeStyle = palette.soft;
  surface.globalAlpha = 0.7;
  for (const radius of [1, 2]) strokeEllipse(surface, view, [0, 0], [radius, radius]);
  surface.globalAlpha = 1;
  if (!points) return;
  const size = Math.max(8, Math.round((10 * Math.min(box.width, box.height)) / 470));
  surface.font = `${size}px system-ui, sans-serif`;
  surface.textAlign = "center";
  surface.fillStyle = palette.x0;
  for (let i = 0; 2 * i < points.length; i++) {
    const [x, y] = [points[2 * i], points[2 * i + 1]];
    if (Math.abs(x) > half || Math.abs(y) > half) continue;
    surface.fillText(labels(i), view.x(x), view.y(y) + size * 0.36);
  }
}

/** Draws z and other draws of z in its color, and a posterior's 2 deviations in sigma's color. */
export function drawLatentMarks(
  surface: Surface,
  box: Box,
  palette: Palette,
  { half, z, posterior, draws = [] }: LatentMarks,
): void {
  const view = latentView(box, half);
  if (posterior) {
    const { mean, deviation } = posterior;
    const radii = [2 * deviation[0], 2 * deviation[1]];
    for (const [width, color] of [
      [5, palette.ground],
      [2, palette.eta],
    ] as const) {
      surface.lineWidth = width;
      surface.strokeStyle = color;
      strokeEllipse(surface, view, mean, radii);
    }
  }
  for (let i = 0; i < draws.length; i += 2) {
    fillSquare(surface, view, [draws[i], draws[i + 1]], 9, palette.ground);
    fillSquare(surface, view, [draws[i], draws[i + 1]], 6, palette.z);
  }
  // A cross hair: its arms reach out of any digit that is under it.
  for (const [width, color] of [
    [6, palette.ground],
    [2.5, palette.z],
  ] as const) {
    const [x, y] = [view.x(z[0]), view.y(z[1])];
    surface.lineWidth = width;
    surface.strokeStyle = color;
    surface.beginPath();
    surface.moveTo(x - 13, y);
    surface.lineTo(x + 13, y);
    surface.moveTo(x, y - 13);
    surface.lineTo(x, y + 13);
    surface.stroke();
  }
}

type View = ReturnType<typeof latentView>;

function fillSquare(
  surface: Surface,
  view: View,
  [x, y]: readonly number[],
  side: number,
  color: string,
): void {
  surface.fillStyle = color;
  surface.fillRect(view.x(x) - side / 2, view.y(y) - side / 2, side, side);
}

function strokeEllipse(
  surface: Surface,
  view: View,
  middle: ArrayLike<number>,
  radii: readonly number[],
): void {
  const sides = 64;
  surface.beginPath();
  for (let i = 0; i <= sides; i++) {
    const angle = (2 * Math.PI * i) / sides;
    const x = view.x(middle[0] + radii[0] * Math.cos(angle));
    const y = view.y(middle[1] + radii[1] * Math.sin(angle));
    if (i === 0) surface.moveTo(x, y);
    else surface.lineTo(x, y);
  }
  surface.stroke();
}
