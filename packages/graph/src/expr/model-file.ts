/** A file that is read in parts. */
export interface FileParts {
  /** In bytes. */
  readonly size: number;
  /**
   * Reads `length` bytes from `offset`; both are inside the file.
   *
   * @param offset The first byte.
   * @param length How many bytes.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The needed part of a `Blob` or `File`, such as one that a person picks in a page. */
export interface FileBlob {
  /** In bytes. */
  readonly size: number;
  /**
   * A part of the blob, whose bytes are read later.
   *
   * @param from The first byte.
   * @param to The byte after the last one.
   */
  slice(
    from: number,
    to: number,
  ): {
    /** Reads the bytes of the part. */
    arrayBuffer(): Promise<ArrayBuffer>;
  };
}

/** A model's file. */
export interface WholeFile extends FileParts {
  /** All bytes of the file, if they are in memory; otherwise a runtime without paths reads them. */
  readonly bytes?: Uint8Array;
  /** The file as a blob, which another thread reads too. */
  readonly blob?: FileBlob;
  /** The file's absolute path, which ONNX Runtime opens itself in Node. */
  readonly path?: string;
  /** The model's folder as errors name it, with a slash at its end. */
  readonly folder?: string;
  /**
   * A file beside it that holds its weights, whose path below the model's folder is the model's own
   * word; undefined where there is none. With `path`, its own path must be the same below the folder.
   *
   * @param location The file's path below the model's folder.
   */
  beside?(location: string): Promise<WholeFile | undefined>;
}
