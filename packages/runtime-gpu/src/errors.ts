import { GenError } from "@gen/math";

/** The error for a backend that cannot be opened here. */
export const unavailable = (message: string, options?: ErrorOptions): GenError =>
  new GenError("backend-unavailable", message, options);

/** The error for a graph that a backend cannot run or hold. */
export const unsupported = (message: string, options?: ErrorOptions): GenError =>
  new GenError("unsupported-graph", message, options);

/** The error for an optional peer that did not load, with the command that installs it. */
export function peerError(name: string, cause: unknown, install = `npm install ${name}`): GenError {
  const { code, message } = cause as { code?: string; message?: string };
  const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  const why = missing ? "is not installed" : `did not load (${message})`;
  return unavailable(`${name} ${why}; run: ${install}`, { cause });
}
