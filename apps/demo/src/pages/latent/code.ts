import type { Leg, Source } from "./latent-api.ts";
import recipe from "./recipe.json";

/** What the room shows, as far as its code needs it. */
export interface CodeSettings {
  readonly source: Source;
  /** The parts of the training. */
  readonly legs: readonly Leg[];
}

/** A program that trains the model that the room shows, and measures it. */
export function code({ source, legs }: CodeSettings): string {
  const drawn = source !== "digits";
  const { hidden, activation, learningRate, ema, seed } = recipe;
  const batchSize = drawn ? Math.min(recipe.batchSize, 9 * source.length) : recipe.batchSize;
  const trainings = legs.map(({ beta, steps }, i) => {
    const resume = i > 0 ? ", resume: trained.training.state" : "";
    const assigned = `${i > 0 ? "" : legs.length > 1 ? "let " : "const "}trained`;
    return `${assigned} = await trainVae({ ...options, beta: ${beta}, steps: ${steps}${resume} });`;
  });
  return [
    `import { ${drawn ? "arrayDataset" : "digits"} } from "@gen/data";`,
    'import { onnxBackend } from "@gen/runtime-gpu/onnx";',
    'import { elbo, encode, mlpVae, priorSamples, reconstruct, trainVae } from "@gen/vae";',
    "",
    "const backend = await onnxBackend();",
    ...(drawn ? drawnDataset(source) : ["const dataset = await digits(); // 1,797 of 8x8"]),
    "const model = mlpVae({",
    `  shape: [1, 8, 8], hidden: [${hidden.join(", ")}], latent: 2, activation: "${activation}", seed: ${seed},`,
    "});",
    `const training = { learningRate: ${learningRate}, ema: ${ema}, batchSize: ${batchSize}, seed: ${seed} };`,
    "const options = { backend, model, dataset, ...training };",
    ...trainings,
    "",
    "const run = { backend, model: trained.vae };",
    "const bound = await elbo({ ...run, dataset }); // reconstruction and KL in nats",
    "const { mean } = await encode({ ...run, dataset }); // a point of the plane for each picture",
    "const posterior = await reconstruct({ ...run, dataset }); // z of each picture's own",
    "const prior = await priorSamples({ ...run, count: 10 }); // z of nobody: N(0, I)",
    "await backend.close();",
  ].join("\n");
}

function drawnDataset(drawings: readonly string[]): string[] {
  return [
    "// Each drawing has 64 gray levels. Moved by at most a pixel it gives nine pictures.",
    "const drawings = [",
    ...drawings.map((drawing) => `  "${drawing}",`),
    "];",
    "const moves = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => [down, right]));",
    "const pixels = drawings.flatMap((drawing) =>",
    "  moves.flatMap(([down, right]) =>",
    "    Array.from(drawing, (_, i) => {",
    "      const [row, column] = [Math.floor(i / 8) - down, (i % 8) - right];",
    "      const inside = row >= 0 && column >= 0 && row < 8 && column < 8;",
    "      return inside ? Number.parseInt(drawing[row * 8 + column], 16) / 15 : 0;",
    "    }),",
    "  ),",
    ");",
    "const data = Float32Array.from(pixels);",
    "const shape = [data.length / 64, 1, 8, 8];",
    'const dataset = arrayDataset({ data, shape, dtype: "float32" });',
  ];
}
