export { type Batch, batches } from "./batches.ts";
export { arrayDataset, type Dataset, slice } from "./dataset.ts";
export { digits, fashionMnist } from "./embedded.ts";
export { holdOut, pickItems } from "./hold-out.ts";
export { readIdx } from "./idx.ts";
export type { NdArray } from "./nd-array.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { readNpz, writeNpz } from "./npz.ts";
export { openDataset } from "./open-dataset.ts";
export { type Raster, readPng, writePng } from "./png.ts";
export { readPngSettings } from "./png-settings.ts";
export { readPicture } from "./read-picture.ts";
export { readSafetensors, writeSafetensors } from "./safetensors.ts";
export { standardize } from "./standardize.ts";
export {
  checkerboard,
  drawnPoints,
  gaussianMixture,
  type PointSet,
  pinwheel,
  rings,
  swissRoll,
  type ToyOptions,
  twoMoons,
} from "./toys.ts";
