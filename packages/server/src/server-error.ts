import { errorCode } from "@gen/math";

/** An error with its answer: a status of HTTP, and a code that programs switch on. */
export class ServerError extends Error {
  /** `"ServerError"`. */
  override readonly name = "ServerError";
  readonly status: number;
  readonly code: string;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter?: number;
  /** The field of the request that is at fault. */
  readonly param?: string;

  constructor(
    status: number,
    code: string,
    message: string,
    { retryAfter, param }: { readonly retryAfter?: number; readonly param?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.param = param;
  }
}

/** The body of an error's answer, in the shape that OpenAI's clients read. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

/** What Fastify throws: a body that breaks its schema, is too large, or is no JSON. */
interface LibraryError {
  readonly statusCode?: number;
  readonly code?: string;
  readonly message: string;
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[];
}

/** The answer to an error of any kind. What is not the client's fault says no more than its code. */
export function answerTo(error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  const { statusCode, code, message, validation } = error as LibraryError;
  if (validation) return invalid(validation);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new ServerError(statusCode, String(code ?? "bad_request").toLowerCase(), message);
  if (errorCode(error) === "invalid-argument" || errorCode(error) === "usage")
    return new ServerError(400, "invalid_request", message);
  if (errorCode(error) === "unreachable")
    return new ServerError(
      503,
      "unreachable",
      "the model's workers do not answer; try again in 5 s",
      { retryAfter: 5 },
    );
  const known = errorCode(error)?.replaceAll("-", "_");
  const said = known === "not_finite" ? message : "the run failed; the server's log has the reason";
  return new ServerError(500, known ?? "internal_error", said);
}

/** The answer to an error of the request `id`. An error that is not the client's is also reported. */
export type AnswerOf = (error: unknown, id: string) => ServerError;

function invalid(validation: NonNullable<LibraryError["validation"]>): ServerError {
  const [{ instancePath, message = "is not allowed" }] = validation;
  const param = instancePath.slice(1).replaceAll("/", ".");
  return new ServerError(400, "invalid_request", `${param || "the request"} ${message}`, { param });
}

const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  429: "rate_limit_error",
};

/** The body of an error's answer. */
export const bodyOf = ({ status, code, message, param }: ServerError): ErrorBody => ({
  error: {
    message,
    type: types[status] ?? (status < 500 ? "invalid_request_error" : "server_error"),
    param: param ?? null,
    code,
  },
});
