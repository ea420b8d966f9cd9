export type { Batch, Batches, BatchOptions, BatchState } from "./batches.ts";
export { batches } from "./batches.ts";
export type { CsvTable } from "./csv.ts";
export { readCsv } from "./csv.ts";
export type { ArrayDatasetOptions, Dataset } from "./dataset.ts";
export { arrayDataset, slice } from "./dataset.ts";
export { digits, fashionMnist } from "./embedded.ts";
export { readIdx } from "./idx.ts";
export type { ImageFolderOptions } from "./image-folder.ts";
export { readImageFolder } from "./image-folder.ts";
export type { DType, NdArray, NumericArray, ReadOptions, WritableArray } from "./nd-array.ts";
export { defaultLimit } from "./nd-array.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { readNpz, writeNpz } from "./npz.ts";
export type { OpenDatasetOptions } from "./open-dataset.ts";
export { openDataset } from "./open-dataset.ts";
export type { Raster } from "./png.ts";
export { readPng, writePng } from "./png.ts";
export { resize } from "./resize.ts";
export type { Safetensors } from "./safetensors.ts";
export { readSafetensors, writeSafetensors } from "./safetensors.ts";
export type { Standardized } from "./standardize.ts";
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
