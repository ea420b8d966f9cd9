/*
 * The frontier: how far the samples of each solver are from the data, over the number of steps.
 * Both axes are logarithmic. A band shows what a fresh draw of the data itself scores: in it,
 * samples cannot be told from data.
 */
import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** The mark of a line's points. The shape doubles the color. */
export type Mark = "cross" | "diamond" | "square" | "triangle" | "plus";

/** How a line looks. */
export interface LineStyle {
  readonly color: keyof Palette;
  readonly mark: Mark;
  readonly dashed: boolean;
}

/** The measured points of one solver, by rising number of steps. */
export interface FrontierLine extends LineStyle {
  readonly id: string;
  readonly name: string;
  readonly points: readonly FrontierPoint[];
}

export interface FrontierPoint {
  /** Evaluations of the denoiser. */
  readonly steps: number;
  /** Positive. */
  readonly distance: number;
}

export interface FrontierPicture {
  readonly lines: readonly FrontierLine[];
  /** The band of fresh draws of the data. */
  readonly fresh?: { readonly low: number; readonly high: number };
  /** The `id` of a line that stands out. */
  readonly lit?: string;
  /** A number of steps that a vertical line shows. */
  readonly at?: number;
  readonly words: {
    readonly steps: string;
    readonly distance: string;
    readonly fresh: string;
  };
}

const margin = { left: 46, right: 14, top: 26, bottom: 38 } as const;
const stepTicks = [2, 5, 10, 20, 50, 100] as const;
const distanceTicks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5] as const;

/** Maps numbers of steps and distances to a box. The axes hold 2..100, 0.02..1 and all points. */
export function frontierView(
  { width, height, left = 0, top = 0 }: Box,
  { lines, fresh }: Pick<FrontierPicture, "lines" | "fresh">,
) {
  const points = lines.flatMap((line) => line.points);
  const distances = points.map(({ distance }) => distance);
  const steps = axisOf(
    [2, 100, ...points.map((point) => point.steps)],
    left + margin.left,
    left + width - margin.right,
  );
  const distance = axisOf(
    [0.02, 1, ...distances, ...(fresh && fresh.low > 0 ? [fresh.low] : [])],
    top + height - margin.bottom,
    top + margin.top,
  );
  return { x: steps, y: distance };
}

function axisOf(values: readonly number[], from: number, to: number) {
  const low = Math.log(Math.min(...values));
  const high = Math.log(Math.max(...values));
  return (value: number) => from + ((to - from) * (Math.log(value) - low)) / (high - low);
}

/** The line with a point at most 28 pixels from a place of the box. The nearest one wins. */
export function lineAt(
  box: Box,
  picture: Pick<FrontierPicture, "lines" | "fresh">,
  x: number,
  y: number,
): string | undefined {
  const view = frontierView(box, picture);
  let nearest = 28;
  let found: string | undefined;
  for (const { id, points } of picture.lines) {
    for (const { steps, distance } of points) {
      const gap = Math.hypot(view.x(steps) - x, view.y(distance) - y);
      if (gap >= nearest) continue;
      nearest = gap;
      found = id;
    }
  }
  return found;
}

/** Draws the axes, the band, and each line as far as it is measured. */
export function drawFrontier(
  surface: Surface,
  box: Box,
  palette: Palette,
  picture: FrontierPicture,
): void {
  const { lines, lit, at, words } = picture;
  const view = frontierView(box, picture);
  drawBand(surface, box, palette, picture);
  drawAxes(surface, box, palette, picture);
  if (at !== undefined) {
    surface.strokeStyle = palette.eta;
    surface.lineWidth = 1;
    drawLine(surface, [
      [view.x(at), (box.top ?? 0) + margin.top],
      [view.x(at), (box.top ?? 0) + box.height - margin.bottom],
    ]);
    surface.fillStyle = palette.eta;
    surface.textAlign = at > 50 ? "right" : "left";
    const shift = at > 50 ? -5 : 5;
    surface.fillText(`${at} ${words.steps}`, view.x(at) + shift, (box.top ?? 0) + margin.top + 10);
  }
  const ordered = [...lines].sort((a, b) => Number(a.id === lit) - Number(b.id === lit));
  for (const line of ordered) {
    if (line.points.length === 0) continue;
    const own = line.id === lit;
    const places = line.points.map(({ steps, distance }): [number, number] => [
      view.x(steps),
      view.y(distance),
    ]);
    surface.globalAlpha = lit === undefined || own ? 1 : 0.28;
    surface.strokeStyle = palette[line.color];
    surface.lineWidth = own ? 2.6 : 1.4;
    (line.dashed ? drawDashes : drawLine)(surface, places);
    for (const [x, y] of places) drawMark(surface, palette, line, x, y);
  }
  surface.globalAlpha = 1;
}

function drawBand(
  surface: Surface,
  { width, left = 0, ...rest }: Box,
  palette: Palette,
  picture: FrontierPicture,
): void {
  const { fresh, words } = picture;
  if (!fresh) return;
  const view = frontierView({ width, left, ...rest }, picture);
  const high = view.y(fresh.high);
  const low = fresh.low > 0 ? view.y(fresh.low) : (rest.top ?? 0) + rest.height - margin.bottom;
  surface.fillStyle = palette.soft;
  surface.globalAlpha = 0.16;
  surface.fillRect(left + margin.left, high, width - margin.left - margin.right, low - high);
  surface.globalAlpha = 1;
  surface.font = "12px system-ui, sans-serif";
  surface.textAlign = "left";
  surface.fillText(words.fresh, left + margin.left + 8, low - 7);
}

function drawAxes(surface: Surface, box: Box, palette: Palette, picture: FrontierPicture): void {
  const { width, height, left = 0, top = 0 } = box;
  const view = frontierView(box, picture);
  const right = left + width - margin.right;
  const bottom = top + height - margin.bottom;
  surface.font = "12px system-ui, sans-serif";
  surface.lineWidth = 1;
  surface.strokeStyle = palette.hair;
  surface.fillStyle = palette.soft;
  surface.textAlign = "right";
  for (const tick of distanceTicks) {
    const y = view.y(tick);
    if (y < top + margin.top - 1 || y > bottom + 1) continue;
    drawLine(surface, [
      [left + margin.left, y],
      [right, y],
    ]);
    surface.fillText(String(tick), left + margin.left - 8, y + 4);
  }
  surface.textAlign = "center";
  for (const tick of stepTicks) surface.fillText(String(tick), view.x(tick), bottom + 16);
  surface.textAlign = "left";
  surface.fillText(picture.words.distance, left, top + 12);
  surface.textAlign = "right";
  surface.fillText(picture.words.steps, right, bottom + 33);
}

type Place = readonly [x: number, y: number];

function drawLine(surface: Surface, places: readonly Place[]): void {
  surface.beginPath();
  places.forEach(([x, y], i) => {
    if (i === 0) surface.moveTo(x, y);
    else surface.lineTo(x, y);
  });
  surface.stroke();
}

const DASH = 6;
const GAP = 4;

/** Draws a line in dashes, which go on around its corners. */
function drawDashes(surface: Surface, places: readonly Place[]): void {
  surface.beginPath();
  let walked = 0;
  for (let i = 1; i < places.length; i++) {
    const [[x, y], [toX, toY]] = [places[i - 1], places[i]];
    const length = Math.hypot(toX - x, toY - y);
    const first = Math.floor(walked / (DASH + GAP)) * (DASH + GAP);
    for (let dash = first; dash < walked + length; dash += DASH + GAP) {
      const from = Math.max(dash - walked, 0) / length;
      const to = Math.min(dash + DASH - walked, length) / length;
      if (to <= from) continue;
      surface.moveTo(x + from * (toX - x), y + from * (toY - y));
      surface.lineTo(x + to * (toX - x), y + to * (toY - y));
    }
    walked += length;
  }
  surface.stroke();
}

/** The corners of each mark, in lines, for a radius of 1. A square is filled. */
const marks: Readonly<Record<Exclude<Mark, "square">, readonly (readonly Place[])[]>> = {
  cross: [
    [
      [-0.8, -0.8],
      [0.8, 0.8],
    ],
    [
      [-0.8, 0.8],
      [0.8, -0.8],
    ],
  ],
  plus: [
    [
      [-1, 0],
      [1, 0],
    ],
    [
      [0, -1],
      [0, 1],
    ],
  ],
  diamond: [
    [
      [0, -1],
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
      [1, 0],
    ],
  ],
  triangle: [
    [
      [0, -1],
      [0.9, 0.7],
      [-0.9, 0.7],
      [0, -1],
      [0.9, 0.7],
    ],
  ],
};

const RADIUS = 4.4;

/** Draws the mark of a line's points. */
function drawMark(
  surface: Surface,
  palette: Palette,
  { color, mark }: LineStyle,
  x: number,
  y: number,
): void {
  if (mark === "square") {
    surface.fillStyle = palette[color];
    surface.fillRect(x - 3.2, y - 3.2, 6.4, 6.4);
    return;
  }
  const { lineWidth } = surface;
  surface.strokeStyle = palette[color];
  surface.lineWidth = 1.6;
  for (const corners of marks[mark]) {
    drawLine(
      surface,
      corners.map(([dx, dy]): Place => [x + RADIUS * dx, y + RADIUS * dy]),
    );
  }
  surface.lineWidth = lineWidth;
}

/** Draws a short piece of a line with its mark, for a legend. */
export function drawSample(
  surface: Surface,
  { width, height, left = 0, top = 0 }: Box,
  palette: Palette,
  style: LineStyle,
): void {
  const y = top + height / 2;
  surface.strokeStyle = palette[style.color];
  surface.lineWidth = 1.4;
  (style.dashed ? drawDashes : drawLine)(surface, [
    [left, y],
    [left + width, y],
  ]);
  drawMark(surface, palette, style, left + width / 2, y);
}
