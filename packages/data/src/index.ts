export type { Batch } from "./batches.ts";
export { batches } from "./batches.ts";
export type { Dataset } from "./dataset.ts";
export { arrayDataset, slice } from "./dataset.ts";
export { digits, fashionMnist } from "./embedded.ts";
export { readIdx } from "./idx.ts";
export type { NdArray } from "./nd-array.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { readNpz, writeNpz } from "./npz.ts";
export { openDataset } from "./open-dataset.ts";
export type { Raster } from "./png.ts";
export { readPng, writePng } from "./png.ts";
export { readSafetensors, writeSafetensors } from "./safetensors.ts";
export { standardize } from "./standardize.ts";
export type { PointSet, ToyOptions } from "./toys.ts";
export {
  checkerboard,
  drawnPoints,
  gaussianMixture,
  pinwheel,
  rings,
  swissRoll,
  twoMoons,
} from "./toys.ts";
