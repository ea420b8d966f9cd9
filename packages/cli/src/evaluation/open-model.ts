/* The diffusion pipeline of a folder as something that draws samples. */
import type { Backend } from "@gen/runtime-gpu";
import { type GenerateOptions, generate } from "@gen/sampling";
import { conditionsOf } from "../conditions.ts";
import { interrupted, usageError } from "../errors.ts";
import { readModelFolder, shownFolder } from "../model-folder.ts";
import type { Items } from "./items.ts";

/** What decides the samples. */
export interface DrawOptions extends Pick<GenerateOptions, "sampler" | "steps" | "eta" | "seed"> {
  readonly backend: Backend;
  readonly count: number;
  readonly guidance?: number;
  readonly signal: AbortSignal;
  readonly onStep?: GenerateOptions["onStep"];
}

/** Samples, images in [-1, 1], and the network's calls for each batch of them. */
export interface Drawn extends Items {
  readonly steps: number;
}

/** Whether a scheduler samples a network of EDM, which is told a sigma and no step of a schedule. */
export const isEdm = ({ className }: { readonly className: string }): boolean =>
  className.startsWith("EDM");

/** Loads the pipeline of a folder, and what its denoiser takes: labels of all classes in turn. */
export async function openPipeline(
  folder: string,
  options: {
    readonly count: number;
    readonly guidance?: number;
    readonly signal: AbortSignal;
    readonly backend: string;
  },
) {
  const { guidance, signal, backend } = options;
  let { count } = options;
  let given: ReturnType<typeof conditionsOf> = { condition: {} };
  const pipeline = await readModelFolder(folder, {
    signal,
    backend,
    conditions(found) {
      const known = found.classes?.length ?? found.denoiser.classes ?? 0;
      const isTold = Object.keys(found.denoiser.condition ?? {}).length > 0 && known > 0;
      const classes = isTold
        ? Array.from({ length: Math.min(known, count) }, (_, k) => String(k))
        : undefined;
      if (classes) count -= count % classes.length;
      const flags = { ...(classes && { class: classes }), ...(guidance && { guidance }) };
      const arrays = { condition: {}, unconditional: {} };
      given = conditionsOf(flags, arrays, found, { count, model: shownFolder(folder) });
      return given.condition;
    },
  });
  return { pipeline, given, count };
}

/** Draws samples of a pipeline. @throws GenError `interrupted` after Ctrl-C. */
export async function drawSamples(
  { pipeline, given }: Pick<Awaited<ReturnType<typeof openPipeline>>, "pipeline" | "given">,
  options: Omit<DrawOptions, "guidance">,
): Promise<Drawn> {
  const { signal, count } = options;
  const conditioned = Object.keys(given.condition).length > 0 && given;
  const { x, shape, steps } = await generate(pipeline, { ...options, ...conditioned }).catch(
    (error: unknown) => samplingErrors(error, signal),
  );
  return { data: Float32Array.from(x), length: count, shape: shape.slice(1), steps };
}

/** An error of sampling as the command tells it. @throws GenError `interrupted` after Ctrl-C. */
export function samplingErrors(error: unknown, signal: AbortSignal): never {
  if (signal.aborted) throw interrupted();
  if (error instanceof RangeError) throw usageError(error.message, { cause: error });
  throw error;
}
