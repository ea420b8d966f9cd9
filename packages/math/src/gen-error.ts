/**
 * What went wrong, for programs: they compare codes, never messages.
 *
 * Data and models:
 * - `"invalid-data"`: a data file or array is damaged, truncated, too large or not what is needed.
 * - `"invalid-model"`: a file is no sound ONNX model, or what it takes or gives does not fit its use.
 * - `"unsupported-operation"`: a sound model uses an operation or a type that graphs do not have.
 * - `"not-finite"`: a loss or a weight became NaN or infinite in training.
 *
 * Backends:
 * - `"backend-unavailable"`: no backend has that name, its package is not installed, its device is
 *   not there or did not start.
 * - `"unsupported-graph"`: the backend cannot run an operation of the graph, or hold one of its types.
 * - `"disposed"`: a tensor, program or backend was used after its end, or on another backend.
 * - `"device-lost"`: the device went away; a new backend can be opened.
 * - `"backend-failed"`: a backend in a worker failed for a reason of its library.
 *
 * Downloads:
 * - `"file-missing"`: the server answered that the file does not exist.
 * - `"file-too-large"`: the file has more bytes than are allowed.
 * - `"file-changed"`: the bytes are not those announced, or have another SHA-256.
 * - `"unreachable"`: the server did not answer.
 * - `"download-failed"`: the server refused, or the connection broke.
 * - `"insecure-context"`: the page was not opened over https or from localhost.
 *
 * The `gen` command:
 * - `"usage"`: an argument or an option is not allowed, or a path that it names.
 * - `"interrupted"`: it was stopped by Ctrl-C.
 */
export type ErrorCode =
  | "invalid-data"
  | "invalid-model"
  | "unsupported-operation"
  | "not-finite"
  | "backend-unavailable"
  | "unsupported-graph"
  | "disposed"
  | "device-lost"
  | "backend-failed"
  | "file-missing"
  | "file-too-large"
  | "file-changed"
  | "unreachable"
  | "download-failed"
  | "insecure-context"
  | "usage"
  | "interrupted";

/**
 * The one error class of these packages, beside JavaScript's own RangeError and TypeError for an
 * argument that is not allowed. Its message is one line of at most 500 characters: line breaks become
 * spaces, and a longer message loses its middle.
 */
export class GenError extends Error {
  override readonly name = "GenError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    const line = message.trim().replace(/\s*[\r\n]+\s*/g, " ");
    super(line.length > 500 ? `${line.slice(0, 248)} ... ${line.slice(-247)}` : line, options);
    this.code = code;
  }
}

/** An error's code; undefined where it is no {@link GenError}. */
export const errorCode = (error: unknown): ErrorCode | undefined =>
  error instanceof GenError ? error.code : undefined;
