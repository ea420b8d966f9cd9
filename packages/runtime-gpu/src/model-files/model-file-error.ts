/** A model file that cannot be had: not there, too large, damaged, or the connection broke. */
export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
  /** Whether the server answered that there is no such file. */
  readonly missing: boolean;

  constructor(message: string, { missing = false, ...options }: ModelFileErrorOptions = {}) {
    super(message, options);
    this.missing = missing;
  }
}

interface ModelFileErrorOptions extends ErrorOptions {
  missing?: boolean;
}
