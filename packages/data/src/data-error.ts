import { GenError } from "@gen/math";

/**
 * The error for bad input data: a file or an array that cannot be what it should be.
 *
 * @param source file name or other origin; @param problem what is wrong and what is allowed.
 */
export const dataError = (source: string, problem: string): GenError =>
  new GenError("invalid-data", `${source}: ${problem}`);

/** Runs a decoder of another library; whatever it throws becomes a {@link dataError}. */
export function decoding<T>(source: string, what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof GenError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw dataError(source, `not a readable ${what} (${reason})`);
  }
}
