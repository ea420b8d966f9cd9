import { figureCanvas } from "../../../src/figure-canvas.ts";
import { drawFrontier } from "../../../src/frontier.ts";
import palette from "../../../src/palette.css?inline";
import { drawRiver } from "../../../src/river.ts";
import { drawStage } from "../../../src/stage.ts";

document.head.append(Object.assign(document.createElement("style"), { textContent: palette }));

/** The number of pixels of a canvas near a color. */
function near(canvas: HTMLCanvasElement, color: string): number {
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const wanted = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    // A transparent pixel of the color counts as well: paths are drawn faintly.
    if (data[i + 3] > 20 && wanted.every((v, c) => Math.abs(v - data[i + c]) < 40)) count++;
  }
  return count;
}

/** Points on two lines, from a wide cloud to one place. */
const frames = Array.from({ length: 21 }, (_, step) =>
  Float32Array.from({ length: 200 }, (_, i) => Math.sin(7 * i) * (1 - step / 25)),
);

const others = frames.map((frame) => frame.map((v) => 1.9 - 0.3 * v));

function canvasOf(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.style.cssText = `display: block; width: ${width}px; height: ${height}px`;
  document.body.append(canvas);
  return canvas;
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

const scenarios = {
  /** The pixels of the stage in ink, and of its tails in blue, in each theme. */
  async stage() {
    const canvas = canvasOf(400, 240);
    const figure = figureCanvas(canvas, (surface, box, palette) =>
      drawStage(surface, box, palette, { frames, steps: 20, at: 0.9 }),
    );
    await nextFrame();
    const light = { ink: near(canvas, "#1b1a18"), tails: near(canvas, "#0b5cad") };
    document.documentElement.dataset.theme = "dark";
    await nextFrame();
    const dark = { ink: near(canvas, "#f0ece3"), tails: near(canvas, "#7db7ff") };
    const stale = near(canvas, "#1b1a18");
    delete document.documentElement.dataset.theme;
    canvas.style.width = "200px";
    await nextFrame();
    await nextFrame();
    const { width } = canvas;
    figure.dispose();
    canvas.remove();
    return { light, dark, stale, width, scale: Math.min(devicePixelRatio, 2) };
  },

  /** The pixels of the river in the colors of DDIM and DDPM. */
  async river() {
    const canvas = canvasOf(800, 160);
    const figure = figureCanvas(canvas, (surface, box, palette) =>
      drawRiver(surface, box, palette, { ddim: frames, ddpm: others, steps: 20 }),
    );
    await nextFrame();
    const counts = { ddim: near(canvas, "#0b5cad"), ddpm: near(canvas, "#b8430f") };
    figure.dispose();
    canvas.remove();
    return counts;
  },

  /** The pixels of a frontier in the colors of DDIM and DDPM, before and after DDPM is lit. */
  async frontier() {
    const canvas = canvasOf(600, 400);
    let lit: string | undefined;
    const points = [2, 5, 20, 100].map((steps) => ({ steps, distance: 1.4 / steps ** 0.7 }));
    const line = { name: "", mark: "square", points } as const;
    const figure = figureCanvas(canvas, (surface, box, palette) =>
      drawFrontier(surface, box, palette, {
        lines: [
          { ...line, id: "ddpm", color: "z", dashed: true },
          { ...line, id: "ddim", color: "x0", dashed: false, points: points.slice(0, 3) },
        ],
        fresh: { low: 0.04, high: 0.08 },
        lit,
        words: { steps: "steps", distance: "distance", fresh: "fresh" },
      }),
    );
    await nextFrame();
    const count = () => ({ ddim: near(canvas, "#0b5cad"), ddpm: near(canvas, "#b8430f") });
    const plain = count();
    lit = "ddpm";
    figure.redraw();
    const after = count();
    figure.dispose();
    canvas.remove();
    return { plain, lit: after };
  },
};

Object.assign(globalThis, { scenarios });
export type FigureScenarios = typeof scenarios;
