/**
 * Bad input data: a file or an array that cannot be what it should be.
 *
 * The message is one line that names the file, what was found and what is allowed, so that a
 * command line can print it as it is and exit with 2.
 */
export class DataError extends Error {
  override readonly name = "DataError";

  /** @param source file name or other origin; @param problem what is wrong and what is allowed. */
  constructor(source: string, problem: string) {
    super(`${source}: ${problem}`.replace(/\s*[\r\n]+\s*/g, " "));
  }
}

/** Runs a decoder of another library, turning whatever it throws into a {@link DataError}. */
export function decoding<T>(source: string, what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DataError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(source, `not a readable ${what} (${reason})`);
  }
}
