/*
 * The safety checker of a folder, as diffusers' script of 2022 exports it:
 *
 *   picture -> bytes -> clipImage -> clip_input, images -> has_nsfw_concepts
 *
 * Flagged pictures become black, as StableDiffusionSafetyChecker makes them.
 */
import { cast, constant, tensor, trace } from "@gen/graph";
import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { naming, openFile, type ReadFile, readJson } from "../folder-files.ts";
import { required } from "../folder-parts.ts";
import { type LoadModelOptions, loadModel } from "../load-model.ts";
import { modelPlaces, pipelinePaths } from "../paths.ts";
import type { Planes } from "../vae/tiles.ts";
import { type BytePicture, clipImage, readPreprocessing } from "./clip-image.ts";

/** @throws GenError `invalid-model` when the folder has no checker, before the pictures are made. */
export async function requireChecker(read: ReadFile, { open }: LoadModelOptions): Promise<void> {
  const path = pipelinePaths.safetyChecker;
  for (const place of modelPlaces(path)) {
    if ((await openFile(place, open)) ?? (await read(place))) return;
  }
  required(path, undefined);
}

/**
 * Makes flagged pictures `[pictures, 3, height, width]` in [-1, 1] black, and tells which they are.
 *
 * @throws GenError `invalid-model` when the folder has no checker.
 */
export async function blackenUnsafe<T>(
  backend: Backend<T>,
  read: ReadFile,
  options: LoadModelOptions,
  { data, shape }: Planes,
): Promise<boolean[]> {
  const path = pipelinePaths.safetyChecker;
  const model = required(path, await loadModel(read, path, options));
  const config = (await readJson(read, pipelinePaths.featureExtractor, options.limit)) ?? {};
  const how = await naming(pipelinePaths.featureExtractor, () => readPreprocessing(config));
  const [pictures, , height, width] = shape;
  const size = data.length / pictures;
  const flagged: boolean[] = [];
  const inputOf = (i: number) =>
    clipImage(bytesOf(data.subarray(i * size, (i + 1) * size), height, width), how);
  const graph = checkerGraph(model, inputOf(0).shape);
  const program = await backend.compile(graph);
  try {
    for (let i = 0; i < pictures; i++) {
      const { flags } = await callProgram(backend, program, { picture: inputOf(i) });
      flagged.push(flags[0] > 0);
      if (flagged[i]) data.fill(-1, i * size, (i + 1) * size);
    }
  } finally {
    await program.dispose();
  }
  return flagged;
}

/** The bytes of a picture, as diffusers rounds them. */
const bytesOf = (data: Float32Array, height: number, width: number): BytePicture => ({
  data: Uint8Array.from(data, (value) => Math.round((value / 2 + 0.5) * 255)),
  height,
  width,
});

/** The flags of a picture. The pictures that the file blackens are not used: any numbers will do. */
function checkerGraph(model: OnnxModel, shape: readonly number[]) {
  const { clip_input: input, images } = model.signature;
  if (!input || !images || !model.outputNames.includes("has_nsfw_concepts")) {
    throw new GenError(
      "invalid-model",
      `${pipelinePaths.safetyChecker} must have the inputs clip_input and images and the output has_nsfw_concepts`,
    );
  }
  // Exporters name dimensions alike that differ; a name has one size here.
  const sizes = new Map(input.shape.map((name, i) => [name, shape[i]]));
  const open = [1, 8, 8, 3];
  const of = images.shape.map((d, i) => (typeof d === "number" ? d : (sizes.get(d) ?? open[i])));
  const none = constant(tensor(Array(of.reduce((a, b) => a * b, 1)).fill(0), of, images.dtype));
  return trace(
    ({ picture }) => {
      const outputs = model.apply({ clip_input: cast(picture, input.dtype), images: none });
      return { flags: cast(outputs.has_nsfw_concepts, "float32") };
    },
    { picture: { shape } },
  );
}
