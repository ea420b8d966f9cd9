import { grid, type Picture, pointCount, steps } from "@gen/figures/postcard";
import { cellsSource } from "./cells-source.ts";

/** A program that leads the postcard's points from noise to its picture, by DDIM. */
export function code(picture: Picture): string {
  const { columns, rows, pitch } = grid;
  return `import { ddimSteps, sample } from "@gen/ddim";
import { arrayArithmetic, mixtureOracle } from "@gen/math";
import { logSnrLevel } from "@gen/schedules";

// The picture: a narrow Gaussian at the middle of each of its cells.
${cellsSource(picture)}
const means = cells.map((c) => [
  ((c % ${columns}) - ${(columns - 1) / 2}) * ${pitch},
  (Math.floor(c / ${columns}) - ${(rows - 1) / 2}) * ${pitch},
]);
const mixture = {
  weights: means.map(() => 1),
  means,
  sigmas: means.map(() => [${pitch}, ${pitch}]),
};

// ${steps} steps that are even in log SNR, from -5 to 8.
const level = (t: number) => logSnrLevel(8 - (13 * t) / ${steps});
const path = Array.from({ length: ${steps} }, (_, i) => {
  const t = ${steps} - i;
  return { t, from: level(t), to: level(t - 1) };
});

// The exact denoiser: E[x0 | x] of points [n, 2].
const denoiser = (x: ArrayLike<number>, t: number) => {
  const axes = [0, 1].map((d) => Float64Array.from(x).filter((_, i) => i % 2 === d));
  const { x0 } = mixtureOracle(arrayArithmetic, mixture, level(t), axes);
  return Float64Array.from(x, (_, i) => x0[i % 2][i >> 1]);
};
// x: the points [${pointCount}, 2], row by row.
const { x } = await sample({
  denoiser,
  steps: ddimSteps(path, { predicts: "x0" }),
  shape: [${pointCount}, 2],
  seed: ${picture.seed},
});
console.log(x);
`;
}
