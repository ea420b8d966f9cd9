/** A model file does not exist, is too large or damaged, or the connection broke. */
export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
  /** Whether the server answered that the file does not exist. */
  readonly missing: boolean;

  constructor(message: string, { missing = false, ...options }: ModelFileErrorOptions = {}) {
    super(message, options);
    this.missing = missing;
  }
}

interface ModelFileErrorOptions extends ErrorOptions {
  missing?: boolean;
}
