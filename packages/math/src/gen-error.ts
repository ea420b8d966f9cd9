/**
 * The kind of an error. Programs compare codes, never messages.
 *
 * Data and models:
 * - `"invalid-data"`: a data file or array is damaged, truncated, too large or of the wrong kind.
 * - `"invalid-model"`: a file is no valid ONNX model, or its inputs or outputs do not fit its use.
 * - `"unsafe-model"`: a model file names an operator of a runtime's own, or a node that ends the
 *   process in ONNX Runtime.
 * - `"unsupported-operation"`: a valid model uses an operation or a type that graphs do not have.
 * - `"not-finite"`: a loss or a weight became NaN or infinite in training, or a sample in sampling.
 *
 * Backends:
 * - `"backend-unavailable"`: no backend has that name, its package is not installed, or its device
 *   is missing or did not start.
 * - `"unsupported-graph"`: the backend does not support an operation or a type of the graph.
 * - `"disposed"`: a tensor, program or backend was used after its disposal, or on another backend.
 * - `"device-lost"`: the device was lost; a new backend can be opened.
 * - `"backend-failed"`: a backend's library failed while it compiled or ran a graph.
 * - `"backend-crashed"`: the worker or process of a backend ended, perhaps by a crash of native
 *   code; a new backend can be opened.
 *
 * Downloads:
 * - `"file-missing"`: the server answered that the file does not exist.
 * - `"file-too-large"`: the file has more bytes than allowed.
 * - `"file-changed"`: the file's size or SHA-256 is not the expected one.
 * - `"unreachable"`: the server did not answer.
 * - `"download-failed"`: the server refused, or the connection broke.
 * - `"insecure-context"`: the page was not opened over https or from localhost.
 *
 * Callers:
 * - `"invalid-argument"`: an argument or an option of a function is not allowed. The error is a
 *   RangeError.
 *
 * The `gen` command:
 * - `"usage"`: an argument, an option or a path named by them is not allowed.
 * - `"interrupted"`: the user stopped the command by Ctrl-C.
 */
export type ErrorCode =
  | "invalid-data"
  | "invalid-model"
  | "unsafe-model"
  | "unsupported-operation"
  | "not-finite"
  | "backend-unavailable"
  | "unsupported-graph"
  | "disposed"
  | "device-lost"
  | "backend-failed"
  | "backend-crashed"
  | "file-missing"
  | "file-too-large"
  | "file-changed"
  | "unreachable"
  | "download-failed"
  | "insecure-context"
  | "invalid-argument"
  | "usage"
  | "interrupted";

/**
 * The error class of these packages. An argument that is not allowed throws a RangeError with the
 * code `invalid-argument`; `errorCode` reads the code of both.
 * A message is one line of at most 500 characters: line breaks become spaces, and a longer message
 * loses its middle.
 */
export class GenError extends Error {
  /** `"GenError"`. */
  override readonly name = "GenError";
  /** The kind of the error. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(shortLine(message), options);
    this.code = code;
  }
}

const shortLine = (text: string): string =>
  shorten(text, 500)
    .trim()
    .replace(/\s*[\r\n]\s*/g, " ");

/** The text without its middle, so that it has at most `length` characters. */
export const shorten = (text: string, length: number): string =>
  text.length > length
    ? `${text.slice(0, length / 2 - 2)} ... ${text.slice(3 - length / 2)}`
    : text;

/** The error of an argument that is not allowed: a RangeError with a code, and a short line. */
export class ArgumentError extends RangeError {
  /** `"invalid-argument"`. */
  readonly code = "invalid-argument";

  constructor(message: string) {
    super(shortLine(message));
  }
}

/**
 * An error's code; undefined unless one of these packages made the error.
 *
 * @param error What was thrown, whatever it is.
 */
export const errorCode = (error: unknown): ErrorCode | undefined =>
  error instanceof GenError || error instanceof ArgumentError ? error.code : undefined;
