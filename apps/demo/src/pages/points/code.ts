import { type CloudId, type Mark, type ToyId, trainingPoints } from "./clouds.ts";
import strokesSource from "./digit-strokes.ts?raw";
import networkSource from "./point-denoiser.ts?raw";

/** What the learning page trains and samples. */
export interface CodeSettings {
  readonly id: CloudId;
  /** The points of a drawing or a postcard. */
  readonly marks: readonly Mark[];
  /** Steps of the training. */
  readonly steps: number;
  readonly ddpmSteps: number;
  readonly ddimSteps: number;
  readonly eta: number;
  readonly seed: number;
}

const local = (source: string) => source.replace("export function", "function").trimEnd();

/** A program that trains the page's network on its data, and samples it both ways. */
export function code(settings: CodeSettings): string {
  const { steps, ddpmSteps, ddimSteps, eta, seed } = settings;
  const { toy, source } = dataSource(settings);
  return `import { standardize, ${toy} } from "@gen/data";
import { ddimSteps } from "@gen/ddim";
import { ddpmSteps, trainDdpm } from "@gen/ddpm";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { sample } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
// The network of this page
${local(networkSource)}

${source}
const { dataset, mean, std } = standardize(data);
const schedule = linearSchedule();
const backend = await onnxBackend();
const { pipeline } = await trainDdpm({
  backend, dataset, schedule, network: pointDenoiser(),
  batchSize: 256, steps: ${steps}, learningRate: 2e-3, ema: 0.99,
});

const run = {
  backend,
  denoiser: pipeline.denoiser,
  shape: [1000, 2],
  seed: ${seed},
  clip: dataset.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0),
};
const spacing = "trailing";
const ddpm = await sample({ ...run, steps: ddpmSteps(schedule, { steps: ${ddpmSteps}, spacing }) });
const ddim = await sample({ ...run, steps: ddimSteps(schedule, { steps: ${ddimSteps}, eta: ${eta}, spacing }) });
await backend.close();
// The points [1000, 2] in the plane of the data.
const inPlane = (x: ArrayLike<number>) => Array.from(x, (v, i) => v * std[i % 2] + mean[i % 2]);
const points = { ddpm: inPlane(ddpm.x), ddim: inPlane(ddim.x) };
console.log(points);
`;
}

const names: Readonly<Record<Exclude<ToyId, "digit">, string>> = {
  moons: "twoMoons",
  swissRoll: "swissRoll",
  checkerboard: "checkerboard",
  rings: "rings",
  pinwheel: "pinwheel",
  mixture: "gaussianMixture",
};

/** The function of @gen/data that makes the points, and the lines that call it. */
function dataSource({ id, marks }: CodeSettings): { toy: string; source: string } {
  const made = `n: ${trainingPoints}, seed: 1`;
  if (id !== "digit" && id !== "drawn" && id !== "postcard") {
    return { toy: names[id], source: `const data = ${names[id]}({ ${made} });` };
  }
  if (id === "digit") {
    const source = `${local(strokesSource)}
const data = drawnPoints({ ${made}, points: digitStrokes(), noise: 0.05 });`;
    return { toy: "drawnPoints", source };
  }
  const points = marks.map((mark) => `[${mark.map((v) => String(Math.round(v * 1000) / 1000))}]`);
  const noise = id === "postcard" ? ", noise: 0.012" : "";
  const source = `const drawn: [number, number][] = [${points.join(", ")}];
const data = drawnPoints({ ${made}, points: drawn${noise} });`;
  return { toy: "drawnPoints", source };
}
