/*
 * The README.md of a model's folder: front matter as hubs of models read it, then what the folder
 * is, and how to sample it here and in Python. All of it follows from the folder's other files.
 */
import { checkOptions, rules } from "@gen/math/arguments";
import type { Pipeline } from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import type { ReadFile } from "./folder-files.ts";
import { pipelinePaths } from "./paths.ts";
import { utf8Text } from "./utf8.ts";

/** What a model card says beside what follows from the model. */
export interface ModelCard {
  /** The model's name. @defaultValue "A diffusion model", or "A variational autoencoder" */
  readonly name?: string;
  /** The license, by the identifier that hubs of models use, such as "mit". @defaultValue none */
  readonly license?: string;
  /** Reads a file of the folder. A README.md that it gives stays as it is. @defaultValue none */
  readonly read?: ReadFile;
}

/** The model card of a pipeline with these files; undefined where the folder has one. */
export async function modelCard(
  pipeline: Pipeline,
  files: Readonly<Record<string, Uint8Array>>,
  card: ModelCard,
): Promise<string | undefined> {
  const { read } = card;
  if (read && (await read("README.md"))) return undefined;
  const text = (path: string) => utf8Text(files[path]);
  const alone = pipeline.kind === "vae";
  const config = alone ? undefined : readSchedulerConfig(text(pipelinePaths.scheduler));
  const className = alone ? "AutoencoderKL" : JSON.parse(text(pipelinePaths.index))._class_name;
  const usual = alone ? "A variational autoencoder" : "A diffusion model";
  const tags = ["onnx", className, ...(config ? [config.className] : [])];
  return [
    "---",
    ...(card.license === undefined ? [] : [`license: ${JSON.stringify(card.license)}`]),
    "tags:",
    ...tags.map((tag) => `  - ${tag}`),
    "---",
    "",
    `# ${(card.name ?? usual).replace(/\s+/g, " ")}`,
    "",
    "|  |  |",
    "|---|---|",
    ...factsOf(pipeline, className, config?.className).map(
      ([name, fact]) => `| ${name} | ${fact} |`,
    ),
    `| files | ${Object.keys(files).map(code).join(", ")} |`,
    "",
    ...inGen(pipeline),
    ...(config ? inPython(pipeline, config.className) : []),
    "",
  ].join("\n");
}

/** Checks what a caller passes as a card. */
export const checkCard = (card: ModelCard) =>
  checkOptions(card, {
    name: rules.optional(rules.TEXT),
    license: rules.optional(rules.TEXT),
    read: rules.optional(rules.FUNCTION),
  });

const code = (text: string) => `\`${text}\``;
const listed = (shape: readonly unknown[]) => code(`[${shape.join(", ")}]`);

function factsOf(pipeline: Pipeline, className: string, scheduler?: string): string[][] {
  const { shape, vae } = pipeline;
  const image = vae ? [["image", listed(vae.image)]] : [];
  if (pipeline.kind === "vae") {
    return [["class", code(className)], ["latent", listed(shape)], ...image];
  }
  const { denoiser, classes } = pipeline;
  const conditions = Object.keys(denoiser.condition ?? {});
  return [
    ["class", code(className)],
    ["scheduler", `${code(scheduler ?? "")}, predicts ${denoiser.predicts}`],
    [vae ? "latent" : "sample", listed(shape)],
    ...image,
    ...(conditions.length > 0 ? [["conditions", conditions.map(code).join(", ")]] : []),
    ...(classes ? [["classes", classes.join(", ")]] : []),
  ];
}

function inGen(pipeline: Pipeline): string[] {
  const kind = pipeline.kind === "vae" ? ', { kind: "vae" }' : "";
  const conditions = pipeline.kind === "vae" ? [] : Object.keys(pipeline.denoiser.condition ?? {});
  const also = conditions.length > 0 ? `, condition: { ${conditions.join(", ")} }` : "";
  return [
    "## In JavaScript",
    "",
    "```sh",
    "npm install @gen/pipeline @gen/runtime-gpu @gen/sampling onnxruntime-node",
    "```",
    "",
    ...(also
      ? [`\`condition\` takes ${conditions.map(code).join(" and ")}, \`[4, ...]\`.`, ""]
      : []),
    "```js",
    'import { readFile } from "node:fs/promises";',
    'import { loadPipeline } from "@gen/pipeline";',
    'import { onnxBackend } from "@gen/runtime-gpu/onnx";',
    'import { generate } from "@gen/sampling";',
    "",
    "// In the folder of this file.",
    "const read = (path) => readFile(path).catch(() => undefined);",
    `const pipeline = await loadPipeline(read${kind});`,
    "const backend = await onnxBackend();",
    `const { x, shape } = await generate(pipeline, { backend, count: 4${also} });`,
    "console.log(shape, x);",
    "await backend.close();",
    "```",
  ];
}

/** The loop of diffusers, for models of x and t alone whose scheduler counts whole steps. */
function inPython({ shape, ...pipeline }: Pipeline, scheduler: string): string[] {
  if (pipeline.kind === "vae" || pipeline.vae || pipeline.denoiser.condition) return [];
  const { fractionalTime, sharedTime } = pipeline.denoiser;
  if (fractionalTime || sharedTime || !/^DD[IP]MScheduler$/.test(scheduler)) return [];
  return [
    "",
    "## In Python",
    "",
    "```python",
    "import numpy",
    "import onnxruntime",
    "import torch",
    "from diffusers import DDIMScheduler",
    "",
    'session = onnxruntime.InferenceSession("unet/model.onnx")',
    'scheduler = DDIMScheduler.from_pretrained("scheduler")',
    "scheduler.set_timesteps(20)",
    "",
    `x = torch.randn(4, ${shape.join(", ")})`,
    "for t in scheduler.timesteps:",
    "    times = numpy.full(len(x), int(t), dtype=numpy.int64)",
    '    (output,) = session.run(None, {"sample": x.numpy(), "timestep": times})',
    "    x = scheduler.step(torch.from_numpy(output), t, x).prev_sample",
    "",
    "print(x.numpy())",
    "```",
  ];
}
