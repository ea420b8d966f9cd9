import { movingPixels, REST } from "./moving-pixels.ts";
import { type Palette, readPalette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** Draws a figure into a box. */
export type Draw = (surface: Surface, box: Box, palette: Palette) => void;

/** More pixels than this for each CSS pixel are not seen, and are slow on phones. */
const MOST_PIXELS = 2;

/**
 * Keeps a figure on a canvas: draws it when asked, when its size changes, when the theme changes
 * (`data-theme` of the root), and when the page is printed, which may have other colors. Where the
 * frames of a motion take too long, it has one pixel for each CSS pixel until it rests.
 */
export function figureCanvas(canvas: HTMLCanvasElement, draw: Draw) {
  let palette: Palette | undefined;
  let box: Box = { width: 0, height: 0 };
  const pixels = movingPixels();
  let rest: ReturnType<typeof setTimeout> | undefined;

  function redraw(): void {
    const few = pixels(performance.now()) === "few";
    clearTimeout(rest);
    if (few) rest = setTimeout(drawWith, REST, MOST_PIXELS);
    drawWith(few ? 1 : MOST_PIXELS);
  }

  function drawWith(most: number): void {
    const { width, height } = box;
    const context = canvas.getContext("2d");
    if (!context || width === 0 || height === 0) return;
    const scale = Math.min(devicePixelRatio, most);
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    // A new size clears a canvas, and costs a new buffer.
    if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    palette ??= readPalette(canvas);
    draw(context, box, palette);
  }

  /** Draws onto what is there. A figure that has not been drawn yet stays empty. */
  function extend(more: Draw): void {
    const context = canvas.getContext("2d");
    if (context && palette) more(context, box, palette);
  }

  const sizes = new ResizeObserver(() => {
    box = { width: canvas.clientWidth, height: canvas.clientHeight };
    redraw();
  });
  sizes.observe(canvas);
  const recolor = () => {
    palette = undefined;
    redraw();
  };
  const theme = new MutationObserver(recolor);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const paper = matchMedia("print");
  paper.addEventListener("change", recolor);
  return {
    /** Draws now. Call it at most once in each animation frame. */
    redraw,
    extend,
    dispose() {
      clearTimeout(rest);
      sizes.disconnect();
      theme.disconnect();
      paper.removeEventListener("change", recolor);
    },
  };
}
