import { movingPixels, REST } from "./moving-pixels.ts";
import { type Palette, readPalette } from "./palette.ts";
import type { Box, Surface } from "./surface.ts";

/** Draws a figure into a box. */
export type Draw = (surface: Surface, box: Box, palette: Palette) => void;

/** More pixels than this for each CSS pixel are not seen, and are slow on phones. */
const MOST_PIXELS = 2;
/**
 * What a slow motion has for each CSS pixel. Lines of 1.3 CSS pixels are then not wider than a pixel:
 * without a GPU, browsers draw those a hundred times as fast as wider ones.
 */
const FEW_PIXELS = 0.75;

/**
 * Keeps a figure on a canvas: draws it when asked, when its size changes, when the theme changes
 * (`data-theme` of the root), and when the page is printed, which may have other colors. Where the
 * frames of a motion take too long, it has few pixels until it rests.
 */
export function figureCanvas(canvas: HTMLCanvasElement, draw: Draw) {
  let palette: Palette | undefined;
  let box: Box = { width: 0, height: 0 };
  const pixels = movingPixels();
  let rest: ReturnType<typeof setTimeout> | undefined;
  /** Tells the end of the frame that was drawn last. */
  let frame: ((end: number) => void) | undefined;

  function redraw(): void {
    const start = performance.now();
    // A busy page may draw again before it does other work.
    frame?.(start);
    const few = pixels.now(start) === "few";
    clearTimeout(rest);
    drawWith(few ? FEW_PIXELS : MOST_PIXELS);
    frame = (end) => {
      frame = undefined;
      pixels.drew(start, end);
    };
    // The next task comes after the frame, with all that the browser does for it.
    rest = setTimeout(() => {
      frame?.(performance.now());
      if (few) rest = setTimeout(drawWith, REST, MOST_PIXELS);
    });
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
