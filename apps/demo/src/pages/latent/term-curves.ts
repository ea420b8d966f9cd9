import type { Draw } from "@gen/figures";
import { size } from "./drawings.ts";

/** The terms of the loss by step, in nats. */
export interface Curve {
  readonly steps: readonly number[];
  readonly reconstruction: readonly number[];
  readonly kl: readonly number[];
}

export const emptyCurve: Curve = { steps: [], reconstruction: [], kl: [] };

/** What reconstruction costs a decoder that gives each pixel the chance 1/2. */
export const ignorance = size * Math.LN2;

/** Draws reconstruction in the color of x, and KL in that of z, from 0 to a little over ignorance. */
export function drawTermCurves(
  [surface, { width, height }, palette]: Parameters<Draw>,
  { curve, last, note }: { curve: Curve; last: number; note: string },
): void {
  const [left, right, top, bottom] = [28, width - 4, 8, height - 20];
  const high = 1.06 * ignorance;
  const x = (step: number) => left + ((right - left) * step) / Math.max(last, 1);
  const y = (nats: number) => bottom - ((bottom - top) * Math.min(nats, high)) / high;
  surface.font = "11px system-ui, sans-serif";
  surface.lineWidth = 1;
  for (const nats of [0, 20, ignorance]) {
    surface.strokeStyle = palette.hair;
    surface.beginPath();
    surface.moveTo(left, y(nats));
    surface.lineTo(right, y(nats));
    surface.stroke();
    surface.fillStyle = palette.soft;
    surface.textAlign = "right";
    surface.fillText(nats.toFixed(0), left - 5, y(nats) + 4);
  }
  surface.textAlign = "right";
  surface.fillText(note, right, y(ignorance) + 13);
  surface.fillText(last.toLocaleString("en"), right, height - 5);
  surface.textAlign = "left";
  surface.fillText("0", left, height - 5);
  // At most a step for each pixel.
  const stride = Math.max(1, Math.floor(curve.steps.length / Math.max(right - left, 1)));
  for (const [values, color, thickness] of [
    [curve.reconstruction, palette.x0, 2.5],
    [curve.kl, palette.z, 1.5],
  ] as const) {
    surface.strokeStyle = color;
    surface.lineWidth = thickness;
    surface.beginPath();
    for (let i = 0; i < curve.steps.length; i += stride) {
      const mean = values.slice(i, i + stride).reduce((sum, v) => sum + v / stride, 0);
      const whole = i + stride <= values.length ? mean : values[i];
      if (i === 0) surface.moveTo(x(curve.steps[i]), y(whole));
      else surface.lineTo(x(curve.steps[i]), y(whole));
    }
    surface.stroke();
  }
}
