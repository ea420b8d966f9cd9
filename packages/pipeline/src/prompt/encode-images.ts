/*
 * Images as latents of the denoiser, one image at a time:
 *
 *   z = (mean + deviation epsilon - shift) * scaling        a sample of the VAE
 *   z = mean                                                 its mode, as image editors take it
 */
import { exp, mul, trace } from "@gen/graph";
import { callProgram } from "@gen/runtime-gpu/call-program";
import type { FolderModel } from "./folder-model.ts";
import type { Batch } from "./picture-input.ts";

/** A VAE's encoder for images of one size. */
export interface ImageEncoder {
  /** Whether the encoder draws nothing, as its output has no variance. */
  readonly isSample: boolean;
  /** Latents `[n, ...latent]`, with the normals of their samples. */
  sample(images: Batch, epsilon: ArrayLike<number>): Promise<Float32Array>;
  /** Modes `[n, ...latent]` as the VAE has them, or scaled as the denoiser's. */
  mode(images: Batch, isScaled: boolean): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Compiles the encoder of a folder for images `[n, 3, height, width]`. */
export async function imageEncoder<T>(
  model: FolderModel<T>,
  [, ...item]: readonly number[],
): Promise<ImageEncoder> {
  const { backend, scaling } = model;
  const encode = await model.encoder();
  let isSample = false;
  const graph = trace(
    ({ image }) => {
      const moments = encode(image);
      isSample = moments.isSample;
      const { mean, logVariance } = moments;
      return { mean, deviation: exp(mul(logVariance, 0.5)), unscaled: scaling.undo(mean) };
    },
    { image: { shape: [1, ...item] } },
  );
  const program = await backend.compile(graph);
  const each = async (
    { data, shape: [rows] }: Batch,
    latent: (outputs: Awaited<ReturnType<typeof callProgram>>, row: number) => ArrayLike<number>,
  ): Promise<Float32Array> => {
    const size = data.length / rows;
    const all: ArrayLike<number>[] = [];
    for (let row = 0; row < rows; row++) {
      const image = { data: data.subarray(row * size, (row + 1) * size), shape: [1, ...item] };
      all.push(latent(await callProgram(backend, program, { image }), row));
    }
    const latents = new Float32Array(rows * all[0].length);
    for (const [row, values] of all.entries()) latents.set(values, row * values.length);
    return latents;
  };
  return {
    isSample,
    sample: (images, epsilon) =>
      each(images, ({ mean, deviation }, row) =>
        isSample
          ? mean
          : mean.map((value, i) => value + deviation[i] * epsilon[row * mean.length + i]),
      ),
    mode: (images, isScaled) => each(images, ({ mean, unscaled }) => (isScaled ? mean : unscaled)),
    dispose: () => program.dispose(),
  };
}
