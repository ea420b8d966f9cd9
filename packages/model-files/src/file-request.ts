import type { FetchOptions } from "./fetch-options.ts";
import type { WebAbortSignal } from "./web-types.ts";

/** What a server states of a file, by which the same file is recognized later. */
export interface Version {
  readonly etag?: string;
  readonly modified?: string;
  /** Size of the whole file in bytes. */
  readonly total?: number;
}

/** Which file to fetch, and how. */
export interface FileRequest extends Pick<FetchOptions, "sha256" | "headers"> {
  readonly url: string;
  /** The largest file allowed, in bytes. */
  readonly limit: number;
  readonly signal: WebAbortSignal;
  /** The longest wait for the server's next bytes, in ms. */
  readonly timeout: number;
  /** How often the file is requested before a broken connection or a busy server is an error. */
  readonly attempts: number;
  /** Called with the bytes loaded, and with the size of the file if the server states it. */
  readonly report: (loaded: number, total?: number) => void;
  /** The version of the complete file that is stored; `{}` where the server had no such file. */
  readonly known?: Version;
  /** Called when the server has another version. */
  readonly onChanged: () => void;
}
