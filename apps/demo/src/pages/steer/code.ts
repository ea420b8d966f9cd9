import { labeledData } from "./data.ts";
import type { Settings } from "./settings.ts";

/** The TypeScript program that makes the room's guided points. */
export function code({ data, classes, kind, scale, steps, seed }: Settings): string {
  const used = kindCode(classes, kind, scale);
  return `import { arrayArithmetic, type FloatArray, mixtureOracle } from "@gen/math";
import { ${used.names.join(", ")} } from "@gen/sampling";
import { logSnrLevel } from "@gen/schedules";

${labeledData[data].code}

// A first step from pure noise, then ${steps} steps that are even in log SNR.
const steps = ${steps};
const level = (t: number) => logSnrLevel(t > steps ? -10 : 8 - (13 * t) / steps);
const path = Array.from({ length: steps + 1 }, (_, i) => {
  const t = steps + 1 - i;
  return { t, from: level(t), to: level(t - 1) };
});

// The exact answers for points [n, 2] under a mixture with these means.
const oracle = (means: number[][], x: FloatArray, t: number) => {
  const mixture = { weights: means.map(() => 1), means, sigmas: means.map(() => [sigma, sigma]) };
  const axes = [0, 1].map((d) => Float64Array.from(x.filter((_, i) => i % 2 === d)));
  return mixtureOracle(arrayArithmetic, mixture, level(t), axes);
};
const points = (axes: readonly Float64Array[]) =>
  Float64Array.from({ length: 2 * axes[0].length }, (_, i) => axes[i % 2][i >> 1]);
const exactModel = (means: number[][]) => (x: FloatArray, t: number) =>
  points(oracle(means, x, t).epsilon);

const shape = [1200, 2];
const model = exactModel(classes.flat());
${used.denoiser}
// x: the points [1200, 2], row by row.
const { x } = await sample({ denoiser, steps: ddimSteps(path), shape, seed: ${seed} });
`;
}

/** What @gen/sampling gives for a kind of guidance, and the program that makes the denoiser. */
function kindCode(classes: readonly number[], kind: Settings["kind"], scale: number) {
  const list = `[${classes.join(", ")}]`;
  if (classes.length === 0) {
    return { names: ["ddimSteps", "sample"], denoiser: "const denoiser = model;" };
  }
  if (kind === "classifier") {
    return {
      names: ["classifierGuided", "ddimSteps", "sample"],
      denoiser: `// The slope of log p(class | x): the score of the class less the score of all points.
const gradient = (x: FloatArray, t: number) => {
  const all = points(oracle(classes.flat(), x, t).score);
  const pull = (c: number) => points(oracle(classes[c], x, t).score).map((v, i) => v - all[i]);
  return ${list}.map(pull).reduce((sum, each) => sum.map((v, i) => v + each[i]));
};
const denoiser = classifierGuided(model, gradient, {
  schedule: { length: steps + 2, level },
  scale: ${scale},
  shape,
});`,
    };
  }
  if (classes.length === 1) {
    return {
      names: ["classifierFree", "ddimSteps", "sample"],
      denoiser: `// model + scale (conditional - model)
const denoiser = classifierFree(exactModel(classes[${classes[0]}]), {
  scale: ${scale},
  unconditional: model,
  shape,
});`,
    };
  }
  return {
    names: ["compose", "ddimSteps", "sample"],
    denoiser: `// model + the sum over the classes of scale (conditional - model)
const denoiser = compose(model, {
  conditions: ${list}.map((c) => ({ condition: exactModel(classes[c]), scale: ${scale} })),
  shape,
});`,
  };
}
