import { GenError } from "@gen/math";
import type { FetchOptions } from "./fetch-options.ts";

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
  readonly signal: AbortSignal;
  /** Called with the bytes loaded, and with the size of the file if the server states it. */
  readonly report: (loaded: number, total?: number) => void;
  /** The version of the complete file that is stored. */
  readonly known?: Version;
}

/** The body of a response, and where its bytes belong in the file. */
export interface FileBody {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Position in the file of the body's first byte. */
  readonly from: number;
  readonly version: Version;
  /** Size of the whole file in bytes, as the server states it. */
  readonly total?: number;
  /** Whether `total` is binding. It is not for a compressed body, whose size is unknown. */
  readonly exact: boolean;
}

/**
 * Requests the bytes of a file from position `from` on if the server still has `version`, otherwise
 * all of them.
 */
export async function request(file: FileRequest, version: Version, from: number) {
  const response = await send(file, version, from);
  const body = response.body ?? new ReadableStream({ start: (stream) => stream.close() });
  // At once: Node cancels an unread body when its response is garbage-collected.
  const reader = body.getReader();
  let answer: Omit<FileBody, "reader"> | "not modified" | "range refused" | undefined;
  try {
    answer = readHeaders(response, file, version, from);
  } finally {
    if (typeof answer !== "object") await reader.cancel().catch(() => undefined);
  }
  return typeof answer === "object" ? { ...answer, reader } : answer;
}

function readHeaders(
  response: Response,
  { url, limit, sha256, known }: FileRequest,
  version: Version,
  from: number,
) {
  const { status, headers } = response;
  if (status === 304 && known) return "not modified";
  if (status === 416 && from > 0) return "range refused";
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const length = parseSize(header("content-length"));
  const encoded = !/^(identity)?$/i.test(header("content-encoding") ?? "");
  const stated = { etag: header("etag"), modified: header("last-modified") };

  if (status === 206) {
    if (from === 0) {
      throw new GenError("download-failed", `${url} answered with a part that nobody requested`);
    }
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header("content-range") ?? "");
    const start = range ? Number(range[1]) : from;
    const total = range ? parseSize(range[2]) : length && length + from;
    // A server of another origin may hide the range from the page; the length proves the same.
    const rangeKnown = range || (total !== undefined && total === version.total) || sha256;
    const same = sameVersion(version, { ...stated, total }) ?? (sha256 || !isCrossOrigin(url));
    if (start !== from || !rangeKnown || !same || encoded) return "range refused";
    checkSize(url, total, limit);
    return { from, version, total, exact: true };
  }
  if (!response.ok) {
    const missing = status === 404 || status === 410;
    const message = `${url} answered ${`${status} ${response.statusText}`.trim()}`;
    throw new GenError(missing ? "file-missing" : "download-failed", message);
  }
  if (header("content-type")?.startsWith("text/html") && !/\.html?$/.test(new URL(url).pathname)) {
    // Servers of single-page applications answer so when a file does not exist.
    throw new GenError("file-missing", `${url} answered with a web page, not a file`);
  }
  const total = encoded ? undefined : length;
  const current = { ...stated, total };
  if (known && (stated.etag ?? stated.modified) && sameVersion(known, current)) {
    return "not modified";
  }
  checkSize(url, total, limit);
  const exact = !encoded && !isCrossOrigin(response.url || url);
  return { from: 0, version: current, total, exact };
}

async function send(file: FileRequest, version: Version, from: number): Promise<Response> {
  const { url, headers, signal, known } = file;
  const added: Record<string, string> = {};
  // Compressed bytes can neither be counted nor resumed. Browsers ignore this header.
  if (inNode()) added["accept-encoding"] = "identity";
  if (from > 0) added.range = `bytes=${from}-`;
  // Another origin would have to allow these headers first; `request` compares versions anyway.
  if (!isCrossOrigin(url)) {
    const validator = validatorOf(version);
    if (from > 0 && validator) added["if-range"] = validator;
    if (from === 0 && known?.etag) added["if-none-match"] = known.etag;
    else if (from === 0 && known?.modified) added["if-modified-since"] = known.modified;
  }
  // The browser's HTTP cache would store every file a second time.
  const init = { headers: { ...headers, ...added }, signal, cache: "no-store" };
  try {
    return await fetch(url, init as RequestInit);
  } catch (cause) {
    signal.throwIfAborted();
    // Browsers refuse a part that is compressed, as if the server were unreachable.
    if (from > 0 && !inNode()) return send(file, version, 0);
    const reason = reasonOf(cause as Error);
    throw new GenError("unreachable", `${url} cannot be reached (${reason})`, { cause });
  }
}

/** What proves that two byte ranges belong to one file: a strong ETag, otherwise the date. */
export const validatorOf = ({ etag, modified }: Version): string | undefined =>
  etag && !etag.startsWith("W/") ? etag : modified;

/** Whether two responses are about the same file; undefined if they do not state enough. */
function sameVersion(a: Version, b: Version): boolean | undefined {
  if (a.total !== undefined && b.total !== undefined && a.total !== b.total) return false;
  if (a.etag && b.etag) return a.etag === b.etag;
  if (a.modified && b.modified) return a.modified === b.modified;
  return undefined;
}

/** The version in a stored record. */
export const versionFrom = (record: Readonly<Record<string, unknown>>): Version => ({
  etag: typeof record.etag === "string" ? record.etag : undefined,
  modified: typeof record.modified === "string" ? record.modified : undefined,
  total: typeof record.total === "number" ? record.total : undefined,
});

/** Whether a page requests from a server other than its own. */
function isCrossOrigin(url: string): boolean {
  const { location } = globalThis as { location?: { origin: string } };
  return location !== undefined && new URL(url).origin !== location.origin;
}

const parseSize = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** @throws GenError `file-too-large` when a size is known and above the limit. */
export function checkSize(file: string, bytes = 0, limit: number): void {
  if (bytes <= limit) return;
  throw new GenError("file-too-large", `${file} has ${bytes} bytes, at most ${limit} are allowed`);
}

/** Whether this code runs in Node rather than in a page or a worker. */
export const inNode = (): boolean => typeof process !== "undefined" && !!process.versions?.node;

/** The message of an error of `fetch`, which Node puts into the error's cause. */
export const reasonOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? cause.message : message;
