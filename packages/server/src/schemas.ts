/*
 * The bodies of requests and answers as JSON schemas. Fastify checks requests by them, and the OpenAPI
 * document is made of them.
 */
import type { ServerLimits } from "./limits.ts";

type Schema = Readonly<Record<string, unknown>>;

const text = (description: string, maxLength: number, more: Schema = {}): Schema => ({
  type: "string",
  description,
  maxLength,
  ...more,
});

const whole = (description: string, minimum: number, maximum: number): Schema => ({
  type: "integer",
  description,
  minimum,
  maximum,
});

const number = (description: string, minimum: number, maximum: number): Schema => ({
  type: "number",
  description,
  minimum,
  maximum,
});

const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[]) => ({
  type: "object",
  additionalProperties: false,
  required,
  properties,
});

/** The fields that both kinds of requests have. */
const common = (limits: ServerLimits, samplers: readonly string[]) => ({
  model: text("the model's name, as GET /v1/models gives it", 200),
  seed: whole("decides all noise; by default a random one", 0, Number.MAX_SAFE_INTEGER),
  sampler: { type: "string", description: "by default the model's own", enum: samplers },
  steps: whole("steps of the sampler; by default the model's own", 1, limits.steps),
  eta: number("the share of fresh noise", 0, 1),
  guidance: number("the scale of guidance; 1 or less is none", 0, 1000),
  stream: { type: "boolean", description: "send events of progress, then the result" },
});

/** The body of POST /v1/samples. */
export const samplesBody = (limits: ServerLimits, samplers: readonly string[]) =>
  object(
    {
      ...common(limits, samplers),
      count: whole("how many samples", 1, limits.count),
      class: {
        description: "the number or the name of a class, for a model of classes",
        anyOf: [whole("a number", 0, 2 ** 31 - 1), text("a name", 200)],
      },
      format: {
        type: "string",
        description: "numbers as a list, as an npy file, or PNG pictures; files are in base64",
        enum: ["values", "npy", "png"],
      },
    },
    [],
  );

/** The body of POST /v1/images/generations, in the shape of OpenAI's. */
export const imagesBody = (limits: ServerLimits, samplers: readonly string[]) =>
  object(
    {
      ...common(limits, samplers),
      prompt: text("what the pictures show", 32_000),
      negative_prompt: text("what the pictures do not show", 32_000),
      n: whole("how many pictures", 1, limits.count),
      size: text('width and height in pixels, such as "512x512", or "auto"', 11, {
        pattern: "^(auto|[1-9][0-9]{0,4}x[1-9][0-9]{0,4})$",
      }),
      response_format: { type: "string", enum: ["b64_json"] },
      output_format: { type: "string", enum: ["png"] },
      quality: text("has no effect", 20),
      style: text("has no effect", 20),
      background: text("has no effect", 20),
      moderation: text("has no effect", 20),
      user: text("has no effect", 200),
    },
    ["prompt"],
  );

const plain = (type: string): Schema => ({ type });

/** The answer of POST /v1/samples. */
const samplesAnswer = object(
  {
    id: plain("string"),
    created: plain("integer"),
    model: plain("string"),
    seed: plain("integer"),
    steps: plain("integer"),
    shape: { type: "array", items: plain("integer") },
    values: { type: "array", items: plain("number") },
    npy: plain("string"),
    png: { type: "array", items: plain("string") },
  },
  ["id", "created", "model", "seed", "steps", "shape"],
);

const imagesAnswer = object(
  {
    created: plain("integer"),
    data: { type: "array", items: object({ b64_json: plain("string") }, ["b64_json"]) },
    output_format: plain("string"),
    size: plain("string"),
    seed: plain("integer"),
    steps: plain("integer"),
  },
  ["created", "data", "output_format", "size", "seed", "steps"],
);

const modelsAnswer = object(
  {
    object: plain("string"),
    data: {
      type: "array",
      items: object(
        {
          id: plain("string"),
          object: plain("string"),
          created: plain("integer"),
          owned_by: plain("string"),
        },
        ["id", "object", "created", "owned_by"],
      ),
    },
  },
  ["object", "data"],
);

const stateAnswer = object({ status: plain("string") }, ["status"]);

/** The body of every error's answer. */
const errorAnswer = object(
  {
    error: object(
      {
        message: plain("string"),
        type: plain("string"),
        param: { type: ["string", "null"] },
        code: plain("string"),
      },
      ["message", "type", "param", "code"],
    ),
  },
  ["error"],
);

const asText = (type: string): Schema => ({ content: { [type]: { schema: plain("string") } } });

/** An answer in JSON, or as a stream of events. */
const orEvents = (description: string, schema: Schema): Schema => ({
  description,
  content: { "application/json": { schema }, ...(asText("text/event-stream").content as Schema) },
});

const failures = (...statuses: readonly number[]) =>
  Object.fromEntries(
    statuses.map((status) => [status, { description: reasons[status], ...errorAnswer }]),
  );

const reasons: Readonly<Record<number, string>> = {
  400: "the request is not allowed",
  401: "the token is missing or wrong",
  404: "there is no such model",
  413: "the body is too large",
  415: "the body is no JSON",
  429: "the queue is full; Retry-After says when to try again",
  500: "the run failed",
  503: "the server stops, or is not ready",
};

/** The answers by route and status. */
export const answers = {
  samples: {
    200: orEvents("the samples", samplesAnswer),
    ...failures(400, 401, 404, 413, 415, 429, 500, 503),
  },
  images: {
    200: orEvents("the pictures", imagesAnswer),
    ...failures(400, 401, 404, 413, 415, 429, 500, 503),
  },
  models: { 200: { description: "the served model", ...modelsAnswer }, ...failures(401) },
  health: { 200: { description: "the process runs", ...stateAnswer } },
  ready: { 200: { description: "requests are taken", ...stateAnswer }, ...failures(503) },
  metrics: {
    200: { description: "for Prometheus", ...asText("text/plain") },
    ...failures(401),
  },
};
