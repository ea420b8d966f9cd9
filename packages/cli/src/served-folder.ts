/*
 * A folder's model as a server serves it: `gen serve` opens it, or a worker of `gen serve --queue`.
 */
import { describeFolder, openImageModel } from "@gen/pipeline";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { pictureModel, type ServedModel, sampleModel } from "@gen/server";
import { usageError } from "./errors.ts";
import { loadFrom, readModelFolder } from "./model-folder.ts";
import { unscale } from "./scaling.ts";

/**
 * Opens a folder's model: of prompts where it encodes text. Without a backend it knows what it takes,
 * and draws nothing.
 */
export async function servedFolder(
  folder: string,
  {
    backend,
    signal,
    exact,
  }: { readonly backend?: Backend; readonly signal: AbortSignal; readonly exact?: number },
): Promise<ServedModel> {
  const { kind, steps } = await loadFrom(folder, { signal }, (files) => describeFolder(files));
  const reading = { signal, backend: backend?.name ?? "onnx" };
  if (kind === "text to image" || kind === "latent consistency") {
    if (!backend) return pictureModel({ steps: steps ?? 1, ...elsewhere });
    return pictureModel(
      await loadFrom(folder, reading, (files, more) => openImageModel(files, { ...more, backend })),
      { exact },
    );
  }
  const pipeline = await readModelFolder(folder, reading);
  const { scaling } = pipeline;
  return sampleModel(pipeline, {
    backend: backend ?? cpuBackend(),
    exact,
    ...(scaling && { convert: (x: Float32Array) => unscale(x, scaling) }),
  });
}

/** A model of prompts that is not open here. */
const elsewhere = {
  textToImage: () => Promise.reject(usageError("the model is open at workers alone")),
  dispose: async () => undefined,
};
