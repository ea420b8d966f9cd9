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

const badInput = [UsageError, DataError, OnnxError, BackendError, RangeError];
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

/** 2 for bad input, 130 after Ctrl-C, 1 for any other failure. */
export function exitCode(error: unknown): 1 | 2 | 130 {
  if (error instanceof Interrupted) return 130;
  if (badInput.some((kind) => error instanceof kind)) return 2;
  return badPath.has((error as NodeJS.ErrnoException)?.code ?? "") ? 2 : 1;
}

/** The error as one line. */
export function errorLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, "; ").trim();
}
