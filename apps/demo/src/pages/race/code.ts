import networkSource from "../points/point-denoiser.ts?raw";
import { count, reference, steps } from "./race-api.ts";

/** What the race depends on. */
export interface CodeSettings {
  /** The runtimes that are turned on, by name. */
  readonly names: readonly string[];
  readonly seed: number;
  /** The address of the model's file. Absent for a model that only this browser has. */
  readonly address?: string;
}

/** The name under which the reader's own model is saved. */
export const modelName = "race-model.safetensors";

/** A program that runs the race of these settings, with the network's source as it is here. */
export const code = ({ names, seed, address }: CodeSettings): string =>
  `import { readSafetensors } from "@gen/data";
import { ddimSteps, sample } from "@gen/ddim";
import { withWeights } from "@gen/nn";
import { openBackend } from "@gen/runtime-gpu";
import { denoiser } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
${address ? "" : `import { readFile } from "node:fs/promises"; // save the model beside this file first\n`}
// The network of this page
${networkSource.replace("export function", "function").trimEnd()}

const file = ${
    address
      ? `new Uint8Array(await (await fetch("${address}")).arrayBuffer())`
      : `await readFile(new URL("${modelName}", import.meta.url))`
  };
const { tensors, metadata } = readSafetensors(file);
const model = withWeights(denoiser(pointDenoiser()), tensors);
// As the folder's scheduler takes them: a clipped estimate leaves epsilon as it is.
const steps = ddimSteps(linearSchedule(), { steps: ${steps}, spacing: "trailing", keepEpsilon: true });

const points: Record<string, ArrayLike<number>> = {};
for (const name of ${JSON.stringify([reference, ...names]).replaceAll(",", ", ")}) {
  try {
    const started = performance.now();
    const backend = await openBackend(name);
    const { x } = await sample({
      backend, denoiser: model, steps,
      shape: [${count}, 2], seed: ${seed}, clip: Number(metadata.bound),
    });
    const took = performance.now() - started;
    await backend.close();
    points[name] = x;
    const apart = Math.max(...Array.from(x, (v, i) => Math.abs(v - points.${reference}[i])));
    console.log(\`\${name}: \${took.toFixed(0)} ms, at most \${apart} apart\`);
  } catch (error) {
    console.log(\`\${name}: \${(error as Error).message}\`);
  }
}
`;
