import { checkOptions, rules } from "@gen/math/arguments";
import type { ImageModel } from "@gen/pipeline";
import { keyedNoise, type SamplerName } from "@gen/sampling";
import type { DrawRequest, ServedModel } from "./served-model.ts";
import { drawRows } from "./split-rows.ts";

/**
 * A text-to-image model as a server serves it. Requests with the same size, steps, sampler and guidance
 * share a batch, whatever their prompts are.
 *
 * `await startServer({ model: pictureModel(await openImageModel(read, { backend })) })`
 *
 * @param model The opened model. The server disposes of it.
 * @param options How batches are made. Default: of all pictures that wait.
 */
export function pictureModel(
  model: Pick<ImageModel, "steps" | "textToImage" | "dispose">,
  options: {
    /**
     * Pictures of every batch, so that a request gets the same bits whatever shares its run.
     * @defaultValue none
     */
    readonly exact?: number;
  } = {},
): ServedModel {
  checkOptions(options, { exact: rules.optional(rules.integerIn(1, 64)) });
  const { exact } = options;
  const chosen = ({ sampler, steps, eta, guidance, size }: DrawRequest) => ({
    ...(sampler !== undefined && { sampler: sampler as SamplerName }),
    ...(steps !== undefined && { steps }),
    ...(eta !== undefined && { eta }),
    ...(guidance !== undefined && { guidance }),
    ...(size && { size }),
  });
  return {
    prompts: true,
    stepsOf: ({ steps }) => steps ?? model.steps,
    keyOf: (request) => JSON.stringify([chosen(request), request.negativePrompt === undefined]),
    async draw(requests, run) {
      const [first] = requests;
      const count = requests.reduce((sum, one) => sum + one.count, 0);
      return drawRows(requests, exact ?? count, run, async (rows, { signal, onStep }) => {
        const { images, shape, steps } = await model.textToImage({
          ...chosen(first),
          prompt: rows.map(({ request: { prompt = "" } }) => prompt),
          ...(first.negativePrompt !== undefined && {
            negativePrompt: rows.map(({ request: { negativePrompt = "" } }) => negativePrompt),
          }),
          noise: (shape, { firstIndex }) =>
            keyedNoise(rows.slice(firstIndex, firstIndex + shape[0]), shape),
          signal,
          onStep,
        });
        return { x: images, shape, steps };
      });
    },
    dispose: () => model.dispose(),
  };
}
