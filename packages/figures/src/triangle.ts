import type { Palette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** The triangle of a DDIM step: `noise'^2 = (kappa noise)^2 + sigma^2`. */
export interface TrianglePicture {
  /** The levels that the step goes from and to. */
  readonly from: { readonly signal: number; readonly noise: number };
  readonly to: { readonly signal: number; readonly noise: number };
  readonly kappa: number;
  readonly lambda: number;
  readonly sigma: number;
}

/** Parts of the half circle that is drawn as a line. */
const ARCS = 64;
/** Height of the bar of the signal, and the room above it. */
const BAR = { height: 14, room: 54 } as const;

/**
 * The corners of the triangle in units of its hypotenuse: the hypotenuse runs from (0, 0) to (1, 0),
 * and the right angle lies on the half circle above it.
 */
export function triangleCorner({ from, to, kappa }: TrianglePicture): [x: number, y: number] {
  const cosine = (kappa * from.noise) / to.noise;
  return [cosine * cosine, cosine * Math.sqrt(Math.max(1 - cosine * cosine, 0))];
}

/**
 * Draws the triangle whose hypotenuse is the noise to reach, with the kept noise and the fresh noise
 * as its legs, above the signal to reach as a bar of what is kept and what `x0` adds.
 */
export function drawTriangle(
  surface: Surface,
  { width, height, left = 0, top = 0 }: Box,
  palette: Palette,
  picture: TrianglePicture,
): void {
  const { from, to, kappa, lambda, sigma } = picture;
  const span = Math.min(width - 140, 1.7 * (height - BAR.height - BAR.room - 40));
  const x = (v: number) => left + (width - span) / 2 + v * span;
  const base = top + height - BAR.height - BAR.room;
  const y = (v: number) => base - v * span;
  const [cornerX, cornerY] = triangleCorner(picture);
  const line = (points: readonly (readonly [number, number])[], color: string, side: number) => {
    surface.strokeStyle = color;
    surface.lineWidth = side;
    surface.beginPath();
    points.forEach(([px, py], i) => {
      if (i === 0) surface.moveTo(x(px), y(py));
      else surface.lineTo(x(px), y(py));
    });
    surface.stroke();
  };
  surface.globalAlpha = 1;
  const arc = Array.from({ length: ARCS + 1 }, (_, i): [number, number] => {
    const angle = (Math.PI * i) / ARCS;
    return [0.5 + 0.5 * Math.cos(angle), 0.5 * Math.sin(angle)];
  });
  line(arc, palette.hair, 1);
  line(
    [
      [0, 0],
      [1, 0],
    ],
    palette.ink,
    2,
  );
  line(
    [
      [0, 0],
      [cornerX, cornerY],
    ],
    palette.eps,
    3,
  );
  line(
    [
      [cornerX, cornerY],
      [1, 0],
    ],
    palette.eta,
    3,
  );
  surface.fillStyle = palette.ink;
  surface.fillRect(x(cornerX) - 4, y(cornerY) - 4, 8, 8);

  surface.font = "13px system-ui, sans-serif";
  const word = (text: string, px: number, py: number, color: string, align: CanvasTextAlign) => {
    surface.fillStyle = color;
    surface.textAlign = align;
    surface.fillText(text, px, py);
  };
  word(`β̄′ = ${to.noise.toFixed(2)}`, x(0.5), base + 18, palette.ink, "center");
  const kept = (kappa * from.noise).toFixed(2);
  word(`κβ̄ = ${kept}`, x(cornerX / 2) - 10, y(cornerY / 2) - 4, palette.eps, "right");
  const fresh = [x((1 + cornerX) / 2) + 10, y(cornerY / 2) - 4] as const;
  word(`σ = ${sigma.toFixed(2)}`, ...fresh, palette.eta, "left");

  const bar = top + height - BAR.height - 18;
  const unit = span / Math.max(to.signal, kappa * from.signal);
  const split = kappa * from.signal * unit;
  surface.fillStyle = palette.soft;
  surface.fillRect(x(0), bar, split, BAR.height);
  surface.fillStyle = palette.x0;
  surface.fillRect(
    x(0) + Math.min(split, split + lambda * unit),
    bar,
    Math.abs(lambda) * unit,
    BAR.height,
  );
  const signals = `ᾱ′ = ${to.signal.toFixed(2)} = κᾱ + λ`;
  word(signals, x(0.5), bar + BAR.height + 15, palette.ink, "center");
}
