import { grid, type Picture } from "@gen/figures/postcard";
import { cellsSource } from "../postcard/cells-source.ts";
import { anchorCount, directions, type PointData, pointCount, spread } from "./point-data.ts";
import type { Settings } from "./use-settings.ts";

/** A TypeScript program that samples both sides of the curtain and measures their distances. */
export function code(
  { data, denoiser, steps, eta, seed }: Settings,
  { anchors }: PointData,
  picture: Picture | undefined,
): string {
  const toy = data === "rings" ? "rings" : "twoMoons";
  const [names, source] =
    data === "learned"
      ? [[], learnedSource(anchors)]
      : data === "picture" && picture
        ? [["standardize"], pictureSource(picture)]
        : [["standardize", toy], `const points = ${toy}({ n: ${anchorCount}, seed: 1 });`];
  return `${names.length > 0 ? `import { ${names.join(", ")} } from "@gen/data";\n` : ""}import { ddimSteps, sample } from "@gen/ddim";
import { mixtureOracle, numberArithmetic, slicedWasserstein } from "@gen/math";
import { linearSchedule } from "@gen/schedules";

// The data: a narrow Gaussian at each of these points.
${source}${names.length > 0 ? "\nconst { data } = standardize(points).dataset;" : ""}
const means = Array.from({ length: data.length / 2 }, (_, i) => [data[2 * i], data[2 * i + 1]]);
const mixture = {
  weights: means.map(() => 1),
  means,
  sigmas: means.map(() => [${spread}, ${spread}]),
};

${
  data === "learned" && denoiser === "network"
    ? "// The network stays in the browser. This is what it should have learned, E[x0 | x]."
    : "// Its exact denoiser: E[x0 | x]."
}
const schedule = linearSchedule();
const denoiser = (x: ArrayLike<number>, t: number) => {
  const x0 = new Float64Array(x.length);
  for (let i = 0; i < x.length; i += 2) {
    const oracle = mixtureOracle(numberArithmetic, mixture, schedule.level(t), [x[i], x[i + 1]]);
    x0.set(oracle.x0, i);
  }
  return x0;
};

// Both sides start from the same noise.
const side = (eta: number) =>
  sample({
    denoiser,
    steps: ddimSteps(schedule, { steps: ${steps}, eta, spacing: "trailing", predicts: "x0" }),
    shape: [${pointCount}, 2],
    seed: ${seed},
  });
const left = await side(${eta});
const right = await side(0);
const distances = [left, right].map(({ x }) =>
  slicedWasserstein(x, data, 2, { directions: ${directions} }),
);
console.log("distance of each side to the data:", distances);
`;
}

/** The points of a picture: its cells. */
const pictureSource = (picture: Picture) => `${cellsSource(picture)}
const at = cells.flatMap((c) => [c % ${grid.columns}, Math.floor(c / ${grid.columns})]);
const points = { name: "picture", data: Float32Array.from(at), shape: [2], length: cells.length };`;

/** The points that a network learned, rounded. */
const learnedSource = (anchors: Float32Array) =>
  `const data = [${Array.from(anchors, (v) => String(Math.round(v * 1000) / 1000)).join(", ")}];`;
