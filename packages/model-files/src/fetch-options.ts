import type { FileProgress } from "./progress.ts";

/** Options of fetching one file. */
export interface FetchOptions {
  /**
   * SHA-256 that the file must have, in hexadecimal. If a file with it is stored, no request is
   * made.
   */
  readonly sha256?: string;
  /** Stops the download after the current chunk. What arrived is stored. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FileProgress) => void;
  /** The largest file allowed, in bytes. @defaultValue the limit of `modelFiles` */
  readonly limit?: number;
  /** Headers of the request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}
