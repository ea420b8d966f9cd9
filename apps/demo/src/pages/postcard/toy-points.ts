import { rings, twoMoons } from "@gen/data";

const toys = { moons: twoMoons, rings };

/** Points of a toy, `[n, 2]`. */
export const toyPoints = (name: keyof typeof toys): Float32Array =>
  toys[name]({ n: 1500, seed: 1 }).data;
