/*
 * The noise postcard: a word becomes cells of a grid, and points find their way to the cells by the
 * exact denoiser. The demo's first room and the book's home page show it.
 */

export { nextTask } from "../next-task.ts";
export { decodePicture, encodePicture } from "./link.ts";
export {
  anchorsOf,
  cellsOfPoints,
  coverEvenly,
  grid,
  maxCells,
  type Picture,
} from "./picture.ts";
export { type Paths, pathTracer, pointCount, steps } from "./trace.ts";
export { cellsOfWord, fontReady, maxWord } from "./word.ts";
