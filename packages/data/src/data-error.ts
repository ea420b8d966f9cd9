import { GenError } from "@gen/math";

/** The error for a bad file or array: its name or origin, and what is wrong and what is allowed. */
export const dataError = (source: string, problem: string): GenError =>
  new GenError("invalid-data", `${source}: ${problem}`);

/** The error for what takes more bytes than the option `limit` of a reader allows. */
export const limitError = (source: string, what: string, limit: number): GenError =>
  dataError(source, `${what}, the limit is ${limit} (option limit raises it)`);

/** Runs a decoder of another library. Its errors become a {@link dataError}. */
export function runDecoder<T>(source: string, what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof GenError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw dataError(source, `not a readable ${what} (${reason})`);
  }
}
