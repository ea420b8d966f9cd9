import type { WebAbortSignal } from "./web-types.ts";

/** How much of a file has been loaded. */
export interface FileProgress {
  /** Bytes loaded so far. */
  readonly loaded: number;
  /** Size of the file in bytes; undefined if the server does not state it. */
  readonly total?: number;
  /** Seconds left at the mean speed so far; undefined while the speed or the total is unknown. */
  readonly secondsLeft?: number;
}

/** Options of fetching one file. */
export interface FetchOptions {
  /**
   * SHA-256 that the file must have, in hexadecimal. If a file with it is stored, no request is
   * made.
   * @defaultValue none
   */
  readonly sha256?: string;
  /** Stops the download after the current chunk. What arrived is stored. @defaultValue none */
  readonly signal?: WebAbortSignal;
  /**
   * Called as bytes arrive.
   *
   * @param progress How much of the file has been loaded.
   * @defaultValue none
   */
  readonly onProgress?: (progress: FileProgress) => void;
  /** The largest file allowed, in bytes. @defaultValue the limit of `modelFiles` */
  readonly limit?: number;
  /**
   * Headers of the request, such as `authorization`. They go only to the origin of the URL: a
   * redirect to another host, port or scheme drops them. In a page, where the target of a redirect
   * is not visible, a redirect of a request with headers other than `authorization` is refused.
   * @defaultValue none
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The longest wait for the headers of an answer and between its bytes, in ms, in [1, 2 ** 31 - 1].
   * @defaultValue 30000
   */
  readonly timeout?: number;
  /**
   * How often a file is requested, at most 100 times, if the connection breaks or the server is busy
   * (status 429, 500, 502, 503 or 504). The waits between are 250 ms, 500 ms, 1 s, ..., or what the
   * server asks for by `retry-after`, up to 60 s.
   * @defaultValue 3
   */
  readonly attempts?: number;
}

/** Turns byte counts into progress. The first count is what was stored before the download. */
export function progressMeter(onProgress: (progress: FileProgress) => void) {
  let first: { at: number; loaded: number } | undefined;
  return (loaded: number, total?: number): void => {
    const now = performance.now();
    // The count falls when a server cannot resume and starts again.
    if (!first || loaded < first.loaded) first = { at: now, loaded };
    const speed = (loaded - first.loaded) / (now - first.at);
    const left = total === undefined ? Number.NaN : total - loaded;
    const seconds = left === 0 ? 0 : left / speed / 1000;
    onProgress({ loaded, total, secondsLeft: Number.isFinite(seconds) ? seconds : undefined });
  };
}
