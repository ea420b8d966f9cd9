import { DataError } from "@gen/data";
import { OnnxError } from "@gen/graph";
import { BackendError } from "@gen/runtime-gpu";

/** Bad input on the command line: one line that names the thing and what is allowed. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Ctrl-C: what was made so far is on disk. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

const badInput = [UsageError, DataError, OnnxError, BackendError];
const badPath = new Set([
  "EACCES",
  "EEXIST",
  "EISDIR",
  "ENOENT",
  "ENOTDIR",
  "EPERM",
  "EROFS",
  "ELOOP",
  "ENAMETOOLONG",
]);

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException)?.code ?? "");

const outOfMemory = /^(Array buffer allocation failed|Invalid (typed )?array length)/;

/** Whether the engine threw it; the packages throw a RangeError where an argument is not allowed. */
const fromEngine = (error: RangeError): boolean =>
  codeOf(error).startsWith("ERR_") ||
  outOfMemory.test(error.message) ||
  /^(Maximum call stack|Invalid string length|offset is out of bounds|Start offset)/.test(
    error.message,
  );

/** 2 for bad input, 130 after Ctrl-C, 1 for any other failure. */
export function exitCode(error: unknown): 1 | 2 | 130 {
  if (error instanceof Interrupted) return 130;
  if (badInput.some((kind) => error instanceof kind)) return 2;
  if (error instanceof RangeError) return fromEngine(error) ? 1 : 2;
  return badPath.has(codeOf(error)) ? 2 : 1;
}

/** The error as one line. */
export function errorLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.trim().replace(/\s*\n\s*/g, "; ");
  if (!(error instanceof RangeError && outOfMemory.test(text))) return line;
  return `not enough memory (${line}); a smaller --batch, --count or --width may help`;
}

/** Runs `f`; what it throws becomes a UsageError that begins with `what`. */
export function naming<R>(what: string, f: () => R): R {
  try {
    return f();
  } catch (cause) {
    throw new UsageError(`${what}: ${errorLine(cause)}`, { cause });
  }
}
