/** Distances of sets of points or features: Frechet, KID, MMD, precision and recall, neighbors. */
export { frechetDistance, frechetOfMoments } from "./frechet-distance.ts";
export { kid } from "./kid.ts";
export { mmd, rbfKernel } from "./mmd.ts";
export { type Moments, mergeMoments, momentsOf } from "./moments.ts";
export { medianDistance, nearestNeighbors } from "./nearest.ts";
export { precisionRecall } from "./precision-recall.ts";
