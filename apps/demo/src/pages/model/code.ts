import type { Source, Way } from "./model-work.ts";
import type { Settings } from "./settings.ts";

/**
 * The program that makes the picture of the room from its settings. `start` names the file of the
 * picture that it starts from.
 */
export function code(source: Source, way: Way, settings: Settings, start?: string): string {
  const files =
    source.kind === "url"
      ? {
          imports: [
            'import { modelFiles } from "@gen/model-files";',
            ...(start === undefined ? [] : ['import { readFile } from "node:fs/promises";']),
          ],
          lines: [`const read = modelFiles().folder(${text(source.url)});`],
        }
      : {
          imports: ['import { readFile } from "node:fs/promises";'],
          lines: [
            `const folder = ${text(source.name)}; // where it is on your disk`,
            'const read = (path: string) => readFile(folder + "/" + path).catch(() => undefined);',
          ],
        };
  const call = start === undefined ? calls[way](settings) : startCall(settings, start);
  return [
    ...files.imports,
    ...call.imports,
    'import { openBackend } from "@gen/runtime-gpu/open";',
    ...call.more,
    "",
    ...files.lines,
    'const backend = await openBackend("onnx/node-cpu");',
    ...call.lines,
    "await backend.close();",
    "",
  ].join("\n");
}

interface Call {
  readonly imports: readonly string[];
  readonly more: readonly string[];
  readonly lines: readonly string[];
}

const text = (value: string) => JSON.stringify(value);

/** Lines of an object's fields; undefined ones are left out. */
const fields = (all: Readonly<Record<string, string | number | undefined>>, indent = "  ") =>
  Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${indent}${name}: ${value},`],
  );

/** The fields that every call with a prompt has. */
const promptFields = ({ prompt, negativePrompt, steps, guidance, seed, torch }: Settings) => ({
  prompt: text(prompt),
  negativePrompt: negativePrompt === "" ? undefined : text(negativePrompt),
  [torch ? "torchSeed" : "seed"]: seed,
  steps,
  guidance,
});

/** From a picture. */
const startCall = (settings: Settings, start: string): Call => ({
  imports: [
    'import { readPicture } from "@gen/data";',
    'import { imageToImage } from "@gen/pipeline";',
  ],
  more: [],
  lines: [
    `const file = await readPicture(await readFile(${text(start)})); // saved beside the picture`,
    "const size = file.width * file.height;",
    "const pixel = (i: number) => file.data[file.channels * (i % size) + Math.floor(i / size)];",
    "const image = {",
    "  data: Float32Array.from({ length: 3 * size }, (_, i) => pixel(i) / 127.5 - 1),",
    "  shape: [3, file.height, file.width],",
    "};",
    "// images: [1, 3, height, width] in [-1, 1]",
    "const { images, shape } = await imageToImage(read, {",
    "  backend,",
    "  image,",
    ...fields({ ...promptFields(settings), strength: settings.strength }),
    "});",
  ],
});

const calls: Readonly<Record<Way, (settings: Settings) => Call>> = {
  prompt: (settings) => ({
    imports: ['import { textToImage } from "@gen/pipeline";'],
    more: [],
    lines: [
      "// images: [1, 3, height, width] in [-1, 1]",
      "const { images, shape } = await textToImage(read, {",
      "  backend,",
      ...fields({
        ...promptFields(settings),
        size:
          settings.width && settings.height ? `[${settings.width}, ${settings.height}]` : undefined,
      }),
      "});",
    ],
  }),
  class: (settings) => noiseCall(settings, settings.classLabel),
  noise: (settings) => noiseCall(settings),
  decoder: ({ seed }) => ({
    imports: ['import { loadPipeline } from "@gen/pipeline";'],
    more: ['import { generate } from "@gen/sampling";'],
    lines: [
      'const pipeline = await loadPipeline(read, { kind: "vae" });',
      `const { x: images, shape } = await generate(pipeline, { backend, seed: ${seed} });`,
    ],
  }),
};

function noiseCall({ seed, torch, steps, guidance }: Settings, label?: number): Call {
  const isClass = label !== undefined;
  const names = ["generate", ...(torch ? ["torchNoise"] : [])].join(", ");
  return {
    imports: [
      ...(isClass ? ['import { tensor } from "@gen/graph";'] : []),
      'import { loadPipeline } from "@gen/pipeline";',
    ],
    more: [`import { ${names} } from "@gen/sampling";`],
    lines: [
      "const pipeline = await loadPipeline(read);",
      "// images: [1, channels, height, width] in [-1, 1]",
      "const { x: images, shape } = await generate(pipeline, {",
      "  backend,",
      ...(isClass ? [`  condition: { class_labels: tensor([${label}], [1], "int64") },`] : []),
      ...fields({ steps, guidance: isClass ? guidance : undefined }),
      ...(torch
        ? ['  compat: "diffusers",', `  noise: (shape, part) => torchNoise(${seed}, shape, part),`]
        : [`  seed: ${seed},`]),
      "});",
    ],
  };
}
