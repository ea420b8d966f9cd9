import { type ErrorCode, errorCode, GenError } from "@gen/math";

/** The error for bad input, in one line: the argument, the rule and the value. */
export const usageError = (message: string, options?: ErrorOptions): GenError =>
  new GenError("usage", message, options);

/** 2 for bad input, 130 after Ctrl-C, 1 for any other failure. */
const exitCodes: Readonly<Record<ErrorCode, 1 | 2 | 130>> = {
  usage: 2,
  "invalid-argument": 2,
  "invalid-data": 2,
  "invalid-model": 2,
  "unsafe-model": 2,
  "unsupported-operation": 2,
  "unsupported-graph": 2,
  "backend-unavailable": 2,
  disposed: 2,
  "device-lost": 2,
  "backend-failed": 1,
  "backend-crashed": 1,
  "not-finite": 1,
  "file-missing": 1,
  "file-too-large": 1,
  "file-changed": 1,
  unreachable: 1,
  "download-failed": 1,
  "insecure-context": 1,
  interrupted: 130,
};

const badPath = /^E(ACCES|EXIST|ISDIR|NOENT|NOTDIR|PERM|ROFS|LOOP|NAMETOOLONG)$/;

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException)?.code ?? "");

type EngineFault = "allocation" | "recursion" | undefined;
const faults = new WeakMap<RangeError, EngineFault>();

/**
 * The engine's fault behind a RangeError; undefined when a package refused an argument. The engine's
 * constructor, which is in no file, throws for a failed allocation. Endless recursion passes the
 * same place again and again.
 */
function engineFault(error: RangeError): EngineFault {
  if (!faults.has(error)) {
    const sites = callSites(error);
    // The engine's own functions, such as Array.map, are in no file.
    const inFiles = sites.filter((site) => site.getFileName());
    const places = inFiles.map(
      (site) => `${site.getFileName()}:${site.getLineNumber()}:${site.getColumnNumber()}`,
    );
    const allocation = sites.length > 0 && sites[0] !== inFiles[0];
    const recursion = new Set(places).size < places.length;
    faults.set(error, allocation ? "allocation" : recursion ? "recursion" : undefined);
  }
  return faults.get(error);
}

/** Where an error was thrown and its callers, innermost first. Works once for an error. */
function callSites(error: Error): NodeJS.CallSite[] {
  const { prepareStackTrace } = Error;
  let sites: NodeJS.CallSite[] = [];
  Error.prepareStackTrace = (_, found) => {
    sites = found;
    return "";
  };
  void error.stack;
  Error.prepareStackTrace = prepareStackTrace;
  return sites;
}

/** The process's exit code for an error. */
export function exitCode(error: unknown): 1 | 2 | 130 {
  const code = errorCode(error);
  if (code) return exitCodes[code];
  if (error instanceof RangeError && codeOf(error) === "") return engineFault(error) ? 1 : 2;
  return badPath.test(codeOf(error)) ? 2 : 1;
}

/** An error's message as one line. */
export function errorLine(error: unknown): string {
  if (error instanceof GenError) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\s*\n\s*/g, "; ");
}

/** The line that `gen` prints before it exits with an error. */
export function failureLine(error: unknown): string {
  const line = errorLine(error);
  if (!(error instanceof RangeError) || engineFault(error) !== "allocation") return line;
  return `not enough memory (${line}); a smaller --batch, --count or --width may help`;
}

/** The error after Ctrl-C of a run that leaves no files. `end` says what it did not reach. */
export const interrupted = (end = "the end"): GenError =>
  new GenError("interrupted", `interrupted before ${end}; nothing was written`);

/** Runs `work`. Its errors become `usage` errors that begin with `prefix`. */
export function prefixErrors<R>(prefix: string, work: () => R): R {
  try {
    return work();
  } catch (cause) {
    throw usageError(`${prefix}: ${errorLine(cause)}`, { cause });
  }
}
