/*
 * Guidance in the plane, side by side: guided points left, the exact answer right, both over the
 * tilted density. The arrows on a grid are what moves a point there at the present noise level.
 */
import type { LabeledPoints } from "./labeled-mixture.ts";
import type { Palette } from "./palette.ts";
import { type Region, smallestRegions } from "./regions.ts";
import type { Box, Surface } from "./surface.ts";
import type { GridDensity } from "./tilted.ts";

/** Half of the side of the square that each half of the picture shows at least. */
const EXTENT = 2.1;

/** Maps the plane to a box: the whole extent fits, y is up. */
export function planeView({ width, height, left = 0, top = 0 }: Box) {
  const unit = Math.min(width, height) / (2 * EXTENT);
  return {
    unit,
    x: (v: number) => left + width / 2 + v * unit,
    y: (v: number) => top + height / 2 - v * unit,
  };
}

/** The two halves of a box, with a gap between them. */
export function halves({ width, height, left = 0, top = 0 }: Box): [Required<Box>, Required<Box>] {
  const gap = Math.min(24, width * 0.04);
  const half = (width - gap) / 2;
  return [
    { width: half, height, left, top },
    { width: half, height, left: left + half + gap, top },
  ];
}

/** The shares of the density in the shaded regions. */
const SHARES = [0.95, 0.8, 0.6, 0.4, 0.2];
/** The opacity of each region over the one around it. */
const SHADE = 0.075;

/** The regions that {@link drawDensity} shades. */
export const shadedRegions = (density: GridDensity): Region[] => smallestRegions(density, SHARES);

/** Shades the smallest regions that hold 95, 80, 60, 40 and 20 % of a density. */
export function drawDensity(
  surface: Surface,
  box: Box,
  palette: Palette,
  regions: readonly Region[],
): void {
  const { width, height, left = 0, top = 0 } = box;
  const view = planeView(box);
  const x = (v: number) => Math.min(Math.max(view.x(v), left), left + width);
  const y = (v: number) => Math.min(Math.max(view.y(v), top), top + height);
  surface.fillStyle = palette.ink;
  surface.globalAlpha = SHADE;
  for (const region of regions) {
    surface.beginPath();
    for (const outline of region) {
      surface.moveTo(x(outline[0]), y(outline[1]));
      for (let i = 2; i < outline.length; i += 2) surface.lineTo(x(outline[i]), y(outline[i + 1]));
    }
    surface.fill();
  }
  surface.globalAlpha = 1;
}

/** How points of several classes look. */
export interface ClassLooks {
  /** A color for each class. */
  readonly colors: readonly string[];
  /** Whether the points step back behind others. @defaultValue false */
  readonly faint?: boolean;
}

/**
 * Draws the points that are in the box. The shapes of the classes are a square, a plus, a triangle
 * and a cross.
 */
export function drawClassPoints(
  surface: Surface,
  box: Box,
  { points, labels }: LabeledPoints,
  { colors, faint = false }: ClassLooks,
): void {
  const { width, height, left = 0, top = 0 } = box;
  const view = planeView(box);
  const size = Math.min(2.6, Math.max(1.5, view.unit * 0.024));
  surface.globalAlpha = faint ? 0.22 : 0.85;
  surface.lineWidth = 1.2;
  colors.forEach((color, label) => {
    surface.fillStyle = color;
    surface.strokeStyle = color;
    surface.beginPath();
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] !== label) continue;
      const x = view.x(points[2 * i]);
      const y = view.y(points[2 * i + 1]);
      const inside =
        x >= left + size && y >= top + size && x <= left + width - size && y <= top + height - size;
      if (inside) drawShape(surface, label, x, y, size);
    }
    surface.stroke();
  });
  surface.globalAlpha = 1;
}

function drawShape(surface: Surface, label: number, x: number, y: number, size: number): void {
  if (label === 0) {
    surface.fillRect(x - size * 0.7, y - size * 0.7, size * 1.4, size * 1.4);
  } else if (label === 1) {
    surface.moveTo(x - size, y);
    surface.lineTo(x + size, y);
    surface.moveTo(x, y - size);
    surface.lineTo(x, y + size);
  } else if (label === 2) {
    surface.moveTo(x, y - size);
    surface.lineTo(x + size, y + size * 0.8);
    surface.lineTo(x - size, y + size * 0.8);
    surface.lineTo(x, y - size);
  } else {
    surface.moveTo(x - size, y - size);
    surface.lineTo(x + size, y + size);
    surface.moveTo(x - size, y + size);
    surface.lineTo(x + size, y - size);
  }
}

/** Arrows of one letter on a grid. */
export interface Arrows {
  /** Where they begin, `[n, 2]`. */
  readonly from: ArrayLike<number>;
  /** Their directions and lengths in the plane, `[n, 2]`. */
  readonly by: ArrayLike<number>;
  readonly color: string;
  /** Whether the arrows stand out, or step back behind those that do. */
  readonly weight: "lit" | "plain" | "faint";
}

const LOOKS = {
  lit: { width: 1.8, alpha: 1 },
  plain: { width: 1.2, alpha: 0.8 },
  faint: { width: 1, alpha: 0.25 },
} as const;

/** Draws arrows with open heads in the box. */
export function drawArrows(surface: Surface, box: Box, { from, by, color, weight }: Arrows): void {
  const view = planeView(box);
  const { width, alpha } = LOOKS[weight];
  surface.strokeStyle = color;
  surface.lineWidth = width;
  surface.globalAlpha = alpha;
  surface.beginPath();
  for (let i = 0; i < from.length; i += 2) {
    const dx = by[i] * view.unit;
    const dy = -by[i + 1] * view.unit;
    const length = Math.hypot(dx, dy);
    if (length < 0.75) continue;
    const x = view.x(from[i]) + dx;
    const y = view.y(from[i + 1]) + dy;
    surface.moveTo(x - dx, y - dy);
    surface.lineTo(x, y);
    // The head's sides leave the tip at 27 degrees.
    const head = Math.min(4.5, length * 0.5) / length;
    const [hx, hy] = [dx * head, dy * head];
    surface.moveTo(x - hx + hy / 2, y - hy - hx / 2);
    surface.lineTo(x, y);
    surface.lineTo(x - hx - hy / 2, y - hy + hx / 2);
  }
  surface.stroke();
  surface.globalAlpha = 1;
}

/** The places of arrows: a square grid within the extent, `[side * side, 2]`. */
export function arrowGrid(side: number): Float64Array {
  const step = (2 * EXTENT) / side;
  return Float64Array.from({ length: 2 * side * side }, (_, i) => {
    const cell = i >> 1;
    return ((i % 2 === 0 ? cell % side : Math.floor(cell / side)) + 0.5) * step - EXTENT;
  });
}
