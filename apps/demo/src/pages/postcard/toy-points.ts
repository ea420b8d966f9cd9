import { rings, twoMoons } from "@gen/data/toys";

const toys = { moons: twoMoons, rings };

/** Points of a toy, `[n, 2]`. */
export const toyPoints = (name: keyof typeof toys, n = 1500): Float32Array =>
  toys[name]({ n, seed: 1 }).data;
