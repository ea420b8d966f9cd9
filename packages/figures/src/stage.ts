import { frameAt } from "./frame-at.ts";
import { positionOf, stillLogSnrs } from "./log-snr.ts";
import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** Half of the plane's width and height that a stage shows at least. */
const stageExtent = { x: 2.2, y: 1.2 } as const;

/** Points at one moment of their paths. */
export interface StagePicture {
  /** The frames traced so far, `[n, 2]` each. */
  readonly frames: readonly Float32Array[];
  /** The number of steps of the whole paths. */
  readonly steps: number;
  /** The moment, in [0, 1]. */
  readonly at: number;
  /** Whether some points have tails. @defaultValue `true` */
  readonly tails?: boolean;
  /** Marks of a letter, from each point to another place, such as its clean estimate. */
  readonly marks?: { readonly color: keyof Palette; readonly to: ArrayLike<number> };
}

/** Maps the plane to a box: the whole extent fits, y is up. */
export function stageView({ width, height, left = 0, top = 0 }: Box) {
  const unit = Math.min(width / (2 * stageExtent.x), height / (2 * stageExtent.y));
  return {
    unit,
    x: (v: number) => left + width / 2 + v * unit,
    y: (v: number) => top + height / 2 - v * unit,
  };
}

const TAILS = 110;
/** A tail fades in bands, so that a frame takes few strokes. */
const BANDS = 4;
/** Steps in a tail. */
const TAIL_STEPS = 24;

/** Draws the points in the box as squares, with faint tails behind some of them. */
export function drawStage(
  surface: Surface,
  box: Box,
  palette: Palette,
  { frames, steps, at, tails = true, marks }: StagePicture,
): void {
  if (frames.length === 0) return;
  const { x, y, unit } = stageView(box);
  const now = frameAt(frames, steps, at);
  const place = Math.min(at * steps, frames.length - 1);
  if (tails) drawTails(surface, x, y, palette, frames, now, place);
  if (marks) {
    surface.strokeStyle = palette[marks.color];
    surface.lineWidth = 1;
    surface.globalAlpha = 0.55;
    surface.beginPath();
    for (let i = 0; i < now.length; i += 2) {
      surface.moveTo(x(now[i]), y(now[i + 1]));
      surface.lineTo(x(marks.to[i]), y(marks.to[i + 1]));
    }
    surface.stroke();
  }
  surface.globalAlpha = 0.86;
  surface.fillStyle = palette.ink;
  const side = pointSide(unit);
  const { left = 0, top = 0, width, height } = box;
  for (let i = 0; i < now.length; i += 2) {
    const px = x(now[i]) - side / 2;
    const py = y(now[i + 1]) - side / 2;
    if (px < left || py < top || px > left + width - side || py > top + height - side) continue;
    surface.fillRect(px, py, side, side);
  }
  surface.globalAlpha = 1;
}

/** The side of a point's square for a scale in pixels per unit. */
const pointSide = (unit: number) => Math.min(3, Math.max(1.4, 1 + unit * 0.01));

function drawTails(
  surface: Surface,
  x: (v: number) => number,
  y: (v: number) => number,
  palette: Palette,
  frames: readonly Float32Array[],
  now: Float32Array,
  place: number,
): void {
  const first = Math.max(place - TAIL_STEPS, 0);
  const count = 2 * Math.min(TAILS, now.length / 2);
  surface.strokeStyle = palette.x0;
  surface.lineWidth = 0.9;
  const point = (step: number) => (step >= place ? now : frames[step]);
  for (let band = 0; band < BANDS; band++) {
    const from = Math.floor(first + ((place - first) * band) / BANDS);
    const to = Math.ceil(first + ((place - first) * (band + 1)) / BANDS);
    surface.globalAlpha = 0.03 + 0.3 * ((band + 1) / BANDS) ** 2;
    surface.beginPath();
    for (let i = 0; i < count; i += 2) {
      for (let step = from; step <= to && step < place + 1; step++) {
        const frame = point(step);
        if (step === from) surface.moveTo(x(frame[i]), y(frame[i + 1]));
        else surface.lineTo(x(frame[i]), y(frame[i + 1]));
      }
    }
    surface.stroke();
  }
  surface.globalAlpha = 1;
}

/** Height of a still's label. */
const LABEL = 18;

/**
 * Draws the five stills of a run, for reduced motion: the last one large, the others in a row
 * beneath it, each with its log SNR.
 */
export function drawStills(
  surface: Surface,
  { width, height }: Box,
  palette: Palette,
  picture: Omit<StagePicture, "at" | "marks">,
): void {
  const [last, ...others] = [...stillLogSnrs].reverse();
  const strip = Math.round(Math.min(height * 0.3, (width / 4) * 0.62));
  const still = (logSnr: number, cell: Required<Box>) => {
    drawStage(surface, cell, palette, { ...picture, at: positionOf(logSnr), tails: false });
    surface.fillStyle = palette.soft;
    surface.font = "12px system-ui, sans-serif";
    surface.textAlign = "left";
    surface.fillText(`log SNR ${logSnr}`, cell.left, cell.top - 5);
  };
  still(last, { left: 0, top: LABEL, width, height: height - strip - 2 * LABEL - 12 });
  const each = width / others.length;
  others.reverse().forEach((logSnr, i) => {
    const top = height - strip;
    still(logSnr, { left: i * each, top, width: each - 12, height: strip });
  });
}
