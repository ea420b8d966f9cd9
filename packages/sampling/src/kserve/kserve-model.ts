import { GenError } from "@gen/math";
import { checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { type RequestOptions, request } from "./request.ts";
import {
  answerTensors,
  parse,
  type RemoteSignature,
  type RemoteTensor,
  requestMessage,
} from "./tensor-message.ts";

/** Which model of which server. */
export interface KserveOptions extends RequestOptions {
  /** The model's name on the server. */
  readonly model: string;
  /** The model's version. @defaultValue the server's choice */
  readonly version?: string;
}

/** A model on a server of the Open Inference Protocol. */
export interface KserveModel {
  /** What it takes. */
  readonly inputs: readonly RemoteSignature[];
  /** What it gives. */
  readonly outputs: readonly RemoteSignature[];
  /**
   * Its outputs by name.
   *
   * @param tensors A tensor for each input.
   * @throws as a rejection: RangeError for an input that is missing; as {@link kserveModel}.
   */
  infer(
    tensors: Readonly<Record<string, RemoteTensor>>,
  ): Promise<Readonly<Record<string, RemoteTensor>>>;
}

const JSON_LIMIT = 2 ** 20;

/** The most bytes of an answer. */
const ANSWER_LIMIT = 2 ** 31 - 1;

/**
 * A model behind any server of the Open Inference Protocol v2 over HTTP: Triton, OpenVINO Model
 * Server, MLServer. Tensors are sent as bytes where the server says that it takes them.
 *
 * `const { sample } = await (await kserveModel({ url, model: "vae_decoder" })).infer({ latent })`
 *
 * @param options The server, the model, and how often and how long it is asked.
 * @throws as a rejection: GenError `unreachable` when the server does not answer, `backend-failed`
 * when it refuses, `invalid-data` when its answer is damaged.
 */
export async function kserveModel(options: KserveOptions): Promise<KserveModel> {
  checkOptions(options, {
    url: ["an http or https URL", (value) => /^https?:\/\/./.test(String(value))],
    model: rules.TEXT,
    version: rules.optional(rules.TEXT),
    headers: rules.optional(rules.OBJECT),
    timeout: rules.optional(rules.integerIn(1, 2 ** 31 - 1)),
    attempts: rules.optional(rules.integerIn(1, 100)),
  });
  const { model, version } = options;
  const part = version === undefined ? "" : `/versions/${encodeURIComponent(version)}`;
  const path = `/v2/models/${encodeURIComponent(model)}${part}`;
  const server = (await json(options, "/v2")) as { extensions?: unknown };
  const { extensions } = server;
  const isBinary = Array.isArray(extensions) && extensions.includes("binary_tensor_data");
  const about = (await json(options, path)) as { inputs?: unknown; outputs?: unknown };
  const inputs = signatures(about.inputs, `${model}: inputs`);
  const outputs = signatures(about.outputs, `${model}: outputs`);
  return {
    inputs,
    outputs,
    async infer(tensors) {
      const given = Object.fromEntries(inputs.map(({ name }) => [name, tensors[name]]));
      checkArguments(given, Object.fromEntries(inputs.map(({ name }) => [name, TENSOR])));
      const message = requestMessage(
        inputs.map((input) => ({ ...input, ...tensors[input.name] })),
        isBinary,
      );
      const { bytes, header } = await request(options, `${path}/infer`, ANSWER_LIMIT, message);
      const length = header("inference-header-content-length");
      return answerTensors(bytes, length === null ? undefined : Number(length));
    },
  };
}

const TENSOR = rules.having("a tensor { shape, data }", {
  shape: rules.listOf(rules.INDEX),
  data: rules.NUMBERS,
});

async function json(options: RequestOptions, path: string): Promise<object> {
  const { bytes } = await request(options, path, JSON_LIMIT);
  const value = parse(bytes);
  if (typeof value === "object" && value !== null) return value;
  throw new GenError("invalid-data", `${options.url}${path} is no server of this protocol`);
}

function signatures(list: unknown, what: string): RemoteSignature[] {
  const fits = (one: RemoteSignature) =>
    typeof one?.name === "string" &&
    typeof one.datatype === "string" &&
    Array.isArray(one.shape) &&
    one.shape.every(Number.isSafeInteger);
  if (Array.isArray(list) && list.length > 0 && list.every(fits)) return list;
  throw new GenError(
    "invalid-data",
    `${what} are not described by the server: give it the model's metadata`,
  );
}
