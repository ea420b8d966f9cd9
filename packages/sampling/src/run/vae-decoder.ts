import { trace } from "@gen/graph";
import { type FloatArray, GenError } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { fixedBatch } from "../denoiser/batch.ts";
import { notFiniteAt, sizeOf } from "../denoiser/shapes.ts";
import type { PipelineVae } from "./pipeline.ts";

export type VaeDecoder = Awaited<ReturnType<typeof vaeDecoder>>;

/** A VAE's decoder on a backend, for latents of the shape `latent`. */
export async function vaeDecoder<T>(
  backend: Backend<T>,
  vae: PipelineVae,
  latent: readonly number[],
) {
  const batch = fixedBatch(vae.batch) ?? "batch";
  const graph = trace(({ z }) => ({ x: vae.decode(z) }), { z: { shape: [batch, ...latent] } });
  const program = await backend.compile(graph);
  const item = graph.outputs.x.shape.slice(1).map(Number);
  return {
    item,
    /** Decodes `rows` latents, in parts of the batch that the decoder is fixed to. */
    async decode(z: FloatArray, rows: number): Promise<FloatArray> {
      const [size, rowsOfPart] = [sizeOf(latent), typeof batch === "number" ? batch : rows];
      const x = new Float32Array(rows * sizeOf(item));
      for (let first = 0; first < rows; first += rowsOfPart) {
        const data = new Float32Array(rowsOfPart * size);
        data.set(z.subarray(first * size, (first + rowsOfPart) * size));
        const input = { data, shape: [rowsOfPart, ...latent] };
        const decoded = (await callProgram(backend, program, { z: input })).x;
        x.set(decoded.subarray(0, (rows - first) * sizeOf(item)), first * sizeOf(item));
      }
      const bad = notFiniteAt(x);
      if (bad < 0) return x;
      throw new GenError(
        "not-finite",
        `the VAE's decoder gives ${x[bad]} at index ${bad} for finite latents: check its weights, and its type if it is float16`,
      );
    },
    dispose: () => program.dispose(),
  };
}
