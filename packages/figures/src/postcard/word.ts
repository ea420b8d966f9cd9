import { coverEvenly, grid } from "./picture.ts";

/** The longest word, in characters. */
export const maxWord = 40;

const family = '"Source Serif 4 Variable", "Noto Serif CJK SC", "Songti SC", Georgia, serif';
const font = (size: number) => `600 ${size}px ${family}`;
/** The part of the grid that a word may fill. */
const room = { width: grid.columns * 0.87, height: grid.rows * 0.8 };
const lineHeight = 1.12;

/** Waits for the page's font, but not for long. The system's font then draws the word. */
export async function fontReady(word: string): Promise<void> {
  const limit = new Promise((resolve) => setTimeout(resolve, 300));
  await Promise.race([document.fonts.load(font(40), word), limit]).catch(() => undefined);
}

/** The cells of a word, drawn with the fonts of this machine. Empty if nothing is visible. */
export function cellsOfWord(word: string): Uint32Array {
  const context = wordCanvas();
  const { lines, size } = layOut(context, word);
  context.font = font(size);
  lines.forEach((line, i) => {
    const y = grid.rows / 2 + (i - (lines.length - 1) / 2) * size * lineHeight;
    const { actualBoundingBoxAscent: up, actualBoundingBoxDescent: down } =
      context.measureText(line);
    context.fillText(line, grid.columns / 2, y + (lines.length === 1 ? (up - down) / 2 : size / 3));
  });
  const { data } = context.getImageData(0, 0, grid.columns, grid.rows);
  const area: number[] = [];
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      const top = grid.rows - 1 - row;
      if (data[4 * (top * grid.columns + column) + 3] > 128) {
        area.push(row * grid.columns + column);
      }
    }
  }
  return area.length === 0 ? new Uint32Array() : coverEvenly(area);
}

function wordCanvas(): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = grid.columns;
  canvas.height = grid.rows;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser has no canvas");
  context.textAlign = "center";
  return context;
}

/** The lines, one to three, that allow the largest letters. */
function layOut(context: CanvasRenderingContext2D, word: string) {
  context.font = font(100);
  const layouts = [1, 2, 3].map((count) => {
    const lines = splitEvenly(word.trim(), count);
    const widest = Math.max(...lines.map((line) => context.measureText(line).width), 1);
    // One line's height is measured, because letters such as "a" do not fill it.
    const { actualBoundingBoxAscent: up, actualBoundingBoxDescent: down } = context.measureText(
      lines[0],
    );
    const height = lines.length === 1 ? Math.max(up + down, 1) : 100 * lineHeight * lines.length;
    return { lines, size: 100 * Math.min(room.width / widest, room.height / height) };
  });
  return layouts.reduce((best, each) => (each.size > best.size ? each : best));
}

/** Splits a text into lines at its spaces, or between characters where it has none. */
function splitEvenly(text: string, count: number): string[] {
  const spaced = text.split(/\s+/);
  const parts = spaced.length >= count ? spaced : Array.from(text);
  const separator = parts === spaced ? " " : "";
  const target = text.length / count;
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    const longer = line === "" ? part : line + separator + part;
    if (line !== "" && longer.length > target && lines.length < count - 1) {
      lines.push(line);
      line = part;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
