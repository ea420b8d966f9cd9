import { type Settings, unlabeled } from "./settings.ts";

/** A program that makes the room's pictures with these settings, from the folder at an address. */
export function code(
  { model, label, guidance, steps, sampler, seed, count }: Settings,
  folders: string,
): string {
  const guided = label === unlabeled ? "" : `\n  guidance: ${guidance},`;
  return `import { loadPipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate } from "@gen/sampling";

const folder = "${folders}${model}/";
const pipeline = await loadPipeline(async (path) => {
  const answer = await fetch(folder + path);
  return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined;
});
const backend = await onnxBackend();
const { x, shape } = await generate(pipeline, {
  backend,
  count: ${count},
  condition: ${label}, // ${label === unlabeled ? "no class" : `of pipeline.classes`}${guided}
  sampler: "${sampler}",
  steps: ${steps},
  seed: ${seed},
});
await backend.close();
console.log(shape); // pictures in [-1, 1]
`;
}
