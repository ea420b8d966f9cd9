import { type Expr, trace } from "@gen/graph";
import { loadPipeline } from "@gen/pipeline";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { type DiffusionPipeline, type PipelineSampler, pipelineSampler } from "@gen/sampling";
import type { SchedulerConfig } from "@gen/schedules";

/*
 * A model of this room, open on a backend. Pictures are `[1, 28, 28]` in [-1, 1]. The pixel model's
 * x is the picture; the latent model's x is a latent `[4, 7, 7]`, which its autoencoder decodes.
 */

export interface PictureModel {
  readonly pipeline: DiffusionPipeline<SchedulerConfig>;
  readonly sampler: PipelineSampler;
  /** Numbers of one x. */
  readonly size: number;
  /** How often the network runs for one sample in a step: 2 with guidance. */
  passes(): number;
  /** The pictures of x `[n, ...]`. */
  decode(x: Float32Array): Promise<Float32Array>;
  /** The x of pictures. */
  encode(pictures: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Reads a folder of files below an address. */
export const folderAt =
  (address: string) =>
  async (path: string): Promise<Uint8Array | undefined> => {
    const answer = await fetch(address + path);
    return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined;
  };

/** Opens a model's folder. */
export async function openModel(
  backend: Backend,
  read: (path: string) => Promise<Uint8Array | undefined>,
): Promise<PictureModel> {
  const loaded = await loadPipeline(read);
  const { shape, vae } = loaded;
  let passes = 0;
  let step: Expr | undefined;
  const pipeline: typeof loaded = {
    ...loaded,
    denoiser: {
      ...loaded.denoiser,
      // Guidance calls the network twice when it traces a step, from one x.
      apply(x, t, condition) {
        passes = x === step ? passes + 1 : 1;
        step = x;
        return loaded.denoiser.apply(x, t, condition);
      },
    },
  };
  const sampler = pipelineSampler(pipeline, { backend });
  const size = shape.reduce((product, d) => product * d, 1);
  const closing: (() => Promise<void>)[] = [sampler.dispose];

  /** A function of tensors `[batch, ...item]` as one of arrays. Its program is compiled once. */
  function compiled(f: (x: Expr) => Expr, item: readonly number[]) {
    const each = item.reduce((product, d) => product * d, 1);
    let program: ReturnType<Backend["compile"]> | undefined;
    closing.push(async () => (await program)?.dispose());
    return async (data: Float32Array): Promise<Float32Array> => {
      program ??= backend.compile(
        trace(({ x }) => ({ y: f(x) }), { x: { shape: ["batch", ...item] } }),
      );
      const input = { data, shape: [data.length / each, ...item] };
      return Float32Array.from((await callProgram(backend, await program, { x: input })).y);
    };
  }

  const same = async (x: Float32Array) => x;
  const { encode } = vae ?? {};
  return {
    pipeline,
    sampler,
    size,
    passes: () => passes,
    decode: vae ? compiled((x) => vae.decode(x), shape) : same,
    encode: vae && encode ? compiled((x) => encode(x).mean, vae.image) : same,
    async dispose() {
      for (const close of closing) await close();
    },
  };
}
