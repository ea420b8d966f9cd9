/*
 * The routes that draw:
 *
 *   POST /v1/samples             samples of a model without prompts
 *   POST /v1/images/generations  pictures of a prompt, in the shape of OpenAI's
 *   GET  /v1/models              the served model
 */
import { randomInt } from "node:crypto";
import { samplerNames } from "@gen/sampling";
import type { FastifyInstance, FastifyReply } from "fastify";
import { clientSignal, sendEvents } from "./events.ts";
import type { ServerLimits } from "./limits.ts";
import { arePictures, npy, pngs } from "./pictures.ts";
import { answers, imagesBody, samplesBody } from "./schemas.ts";
import type { Drawn, DrawRequest, ServedModel, StepProgress } from "./served-model.ts";
import { type AnswerOf, bodyOf, ServerError } from "./server-error.ts";
import type { WorkQueue } from "./work-queue.ts";

interface CommonBody
  extends Pick<DrawRequest, "sampler" | "steps" | "eta" | "guidance">,
    Partial<Pick<DrawRequest, "seed">> {
  readonly model?: string;
  readonly stream?: boolean;
}

interface SamplesBody extends CommonBody, Partial<Pick<DrawRequest, "count" | "class">> {
  readonly format?: "values" | "npy" | "png";
}

interface ImagesBody extends CommonBody {
  readonly prompt: string;
  readonly negative_prompt?: string;
  readonly n?: number;
  readonly size?: string;
}

interface Routes {
  readonly name: string;
  readonly model: ServedModel;
  readonly queue: WorkQueue<DrawRequest, Drawn>;
  readonly limits: ServerLimits;
  readonly answerOf: AnswerOf;
}

const now = () => Math.floor(Date.now() / 1000);

/** Adds the routes to a server. */
export function addRoutes(
  app: FastifyInstance,
  { name, model, queue, limits, answerOf }: Routes,
): void {
  const created = now();

  /** The parts of a body that both routes share. */
  function asked(body: CommonBody): Omit<DrawRequest, "count"> {
    if (body.model !== undefined && body.model !== name)
      throw new ServerError(404, "model_not_found", `the model here is ${name}`, {
        param: "model",
      });
    const { sampler, steps, eta, guidance, seed = randomInt(2 ** 31) } = body;
    return { seed, sampler, steps, eta, guidance };
  }

  /** Runs a request, and answers with `whole` or with events whose names begin with `prefix`. */
  async function answer(
    reply: FastifyReply,
    request: DrawRequest,
    given: {
      readonly stream?: boolean;
      readonly prefix: string;
      readonly whole: (drawn: Drawn) => object;
      readonly parts: (drawn: Drawn) => readonly object[];
    },
  ) {
    const steps = model.stepsOf(request);
    if (steps > limits.steps)
      throw new ServerError(400, "too_many_steps", `steps must be at most ${limits.steps}`, {
        param: "steps",
      });
    let onStep: ((progress: StepProgress) => void) | undefined;
    const result = queue.add(request, {
      signal: clientSignal(reply),
      onStep: (progress) => onStep?.(progress),
    });
    if (!given.stream) return given.whole(await result);
    const write = async (send: (event: string, data: unknown) => void) => {
      const event = (kind: string, data: object) => {
        const type = `${given.prefix}.${kind}`;
        send(type, { type, ...data });
      };
      onStep = ({ done, steps, secondsLeft }) =>
        event("progress", { done, steps, ...(secondsLeft && { seconds_left: secondsLeft }) });
      for (const part of given.parts(await result)) event("completed", part);
    };
    return sendEvents(reply, write, (error) => bodyOf(answerOf(error, reply.request.id)));
  }

  app.get("/v1/models", { schema: { response: answers.models } }, () => ({
    object: "list",
    data: [{ id: name, object: "model", created, owned_by: "gen" }],
  }));

  app.post<{ Body: SamplesBody }>(
    "/v1/samples",
    {
      schema: {
        // The document has what this model answers.
        hide: model.prompts,
        body: samplesBody(limits, samplerNames),
        response: answers.samples,
      },
    },
    async ({ body, id }, reply) => {
      if (model.prompts) throw wrongRoute("has prompts: use POST /v1/images/generations");
      const { count = 1, format = "values", stream } = body;
      const request = { ...asked(body), count, class: body.class };
      const whole = (drawn: Drawn) => ({
        id,
        created: now(),
        model: name,
        seed: request.seed,
        steps: drawn.steps,
        shape: drawn.shape,
        ...formatted(drawn, format),
      });
      if (format === "png" && model.item && !arePictures(model.item))
        throw new ServerError(
          400,
          "no_pictures",
          "format must be values or npy: samples here are no pictures",
          { param: "format" },
        );
      const parts = (drawn: Drawn) => [whole(drawn)];
      return answer(reply, request, { stream, prefix: "samples", whole, parts });
    },
  );

  app.post<{ Body: ImagesBody }>(
    "/v1/images/generations",
    {
      schema: {
        hide: !model.prompts,
        body: imagesBody(limits, samplerNames),
        response: answers.images,
      },
    },
    async ({ body }, reply) => {
      if (!model.prompts) throw wrongRoute("has no prompts: use POST /v1/samples");
      const { prompt, negative_prompt: negativePrompt, n: count = 1, stream } = body;
      const size = sizeOf(body.size, limits.size);
      const request = { ...asked(body), prompt, negativePrompt, count, size };
      const about = ({ shape: [, , height, width], steps }: Drawn) => ({
        output_format: "png",
        size: `${width}x${height}`,
        seed: request.seed,
        steps,
      });
      const whole = (drawn: Drawn) => ({
        created: now(),
        data: pngs(drawn).map((b64_json) => ({ b64_json })),
        ...about(drawn),
      });
      const parts = (drawn: Drawn) =>
        pngs(drawn).map((b64_json, index) => ({
          b64_json,
          index,
          created_at: now(),
          ...about(drawn),
        }));
      return answer(reply, request, { stream, prefix: "image_generation", whole, parts });
    },
  );
}

const wrongRoute = (what: string) =>
  new ServerError(400, "wrong_route", `the model here ${what}`, { param: "model" });

function formatted(drawn: Drawn, format: NonNullable<SamplesBody["format"]>) {
  if (format === "npy") return { npy: npy(drawn) };
  return format === "png" ? { png: pngs(drawn) } : { values: Array.from(drawn.x) };
}

function sizeOf(text: string | undefined, most: number): readonly [number, number] | undefined {
  if (text === undefined || text === "auto") return undefined;
  const [width, height] = text.split("x").map(Number);
  if (Math.max(width, height) <= most) return [width, height];
  const message = `size must be at most ${most}x${most}, got ${text}`;
  throw new ServerError(400, "size_too_large", message, { param: "size" });
}
