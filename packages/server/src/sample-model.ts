import { GenError } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import type { Backend } from "@gen/runtime-gpu";
import {
  type DiffusionPipeline,
  keyedNoise,
  type PipelineSampler,
  pipelineSampler,
  pipelineSteps,
  type SamplerName,
} from "@gen/sampling";
import type { Drawn, DrawRequest, ServedModel } from "./served-model.ts";
import { drawRows } from "./split-rows.ts";

/** Compiled programs that are kept, one for each key and number of rows. */
const KEPT_PROGRAMS = 4;

/**
 * A pipeline as a server serves it. Requests with the same sampler, steps and guidance share a batch.
 * A batch is filled up to 2, 4, 8, ... rows, so that few programs serve all sizes. Another size may
 * change the last bits of a sample; batches of `exact` rows do not.
 *
 * `await startServer({ model: sampleModel(pipeline, { backend }) })`
 *
 * @param pipeline The model, of a folder or of training.
 * @param options Its backend, and what is done to the samples.
 * @throws GenError `usage` when the denoiser needs a condition that is no class label.
 */
export function sampleModel<T>(
  pipeline: DiffusionPipeline,
  options: {
    /** The backend that runs the model. */
    readonly backend: Backend<T>;
    /**
     * Changes samples `[n, ...]` in place, such as back to the units of the data.
     *
     * @param x The samples, row-major.
     * @defaultValue none
     */
    readonly convert?: (x: Float32Array) => void;
    /**
     * Rows of every batch, so that a request gets the same bits whatever shares its run; at most 64,
     * or 65,536 numbers of x. @defaultValue none
     */
    readonly exact?: number;
  },
): ServedModel {
  checkOptions(options, {
    backend: rules.BACKEND,
    convert: rules.optional(rules.FUNCTION),
    exact: rules.optional(rules.integerIn(1, 64)),
  });
  const { backend, convert, exact } = options;
  const { denoiser, classes } = pipeline;
  const conditions = Object.entries(denoiser.condition ?? {});
  const isLabel = conditions.length === 1 && conditions[0][1].shape.length === 1;
  if (conditions.length > 0 && !isLabel) {
    const names = conditions.map(([name]) => name).join(", ");
    throw new GenError("usage", `the model needs ${names}, which the server cannot give it`);
  }
  const kept = new Map<string, PipelineSampler>();

  /** The sampler with the programs of a key and a number of rows; the latest are kept. */
  function samplerFor(key: string): PipelineSampler {
    const ready = kept.get(key) ?? pipelineSampler(pipeline, { backend });
    kept.delete(key);
    kept.set(key, ready);
    for (const [oldest, old] of kept) {
      if (kept.size <= KEPT_PROGRAMS) break;
      kept.delete(oldest);
      void old.dispose();
    }
    return ready;
  }

  const labelOf = (request: DrawRequest) => {
    if (!isLabel) {
      if (request.class === undefined) return undefined;
      throw new ArgumentError("class must be left out: the model has no classes");
    }
    return classLabel(request.class, classes ?? [], denoiser.classes ?? classes?.length);
  };

  const chosen = ({ sampler, steps, eta }: DrawRequest) => ({
    ...(sampler !== undefined && { sampler: sampler as SamplerName }),
    ...(steps !== undefined && { steps }),
    ...(eta !== undefined && { eta }),
  });

  const guidanceOf = ({ guidance = 1 }: DrawRequest) => {
    if (guidance <= 1) return undefined;
    if (classes) return guidance;
    throw new ArgumentError("guidance must be left out: the model has no class that means none");
  };

  return {
    prompts: false,
    item: pipeline.vae?.image ?? pipeline.shape,
    stepsOf(request) {
      labelOf(request);
      guidanceOf(request);
      return pipelineSteps(pipeline, chosen(request)).steps.length;
    },
    keyOf: (request) => JSON.stringify([chosen(request), guidanceOf(request)]),
    async draw(requests, run): Promise<readonly Drawn[]> {
      const [first] = requests;
      const count = requests.reduce((sum, one) => sum + one.count, 0);
      const size = exact ?? 2 ** Math.ceil(Math.log2(Math.max(2, count)));
      const guidance = guidanceOf(first);
      const ready = samplerFor(`${size} ${this.keyOf(first)}`);
      return drawRows(requests, size, run, async (rows, { signal, onStep }) => {
        const drawn = await ready.generate({
          count: size,
          ...chosen(first),
          ...(guidance !== undefined && { guidance }),
          ...(isLabel && {
            condition: Int32Array.from(rows, ({ request }) => labelOf(request) as number),
          }),
          noise: (shape, { firstIndex }) =>
            keyedNoise(rows.slice(firstIndex, firstIndex + shape[0]), shape),
          signal,
          onStep,
        });
        convert?.(drawn.x);
        return drawn;
      });
    },
    async dispose() {
      await Promise.all(Array.from(kept.values(), (ready) => ready.dispose()));
      kept.clear();
    },
  };
}

/** The label of a class that a client names. */
function classLabel(
  value: number | string | undefined,
  names: readonly string[],
  known: number | undefined,
): number {
  const label = typeof value === "string" ? names.indexOf(value) : (value ?? -1);
  if (label >= 0 && (known === undefined || label < known)) return label;
  const range = known === undefined ? "0 or more" : `0 to ${known - 1}`;
  throw new ArgumentError(
    `class must be a number of ${range}${names.length > 0 ? " or a class's name" : ""}`,
  );
}
