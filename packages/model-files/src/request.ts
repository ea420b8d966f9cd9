import { errorCode, GenError } from "@gen/math";
import type { FileRequest, Version } from "./file-request.ts";
import { inNode, type Sent, send, shownUrl, TransientError } from "./send.ts";

/** The longest `retry-after` that is waited for, in ms. */
const longestRetryAfter = 60_000;

/** Statuses of a server that is busy or restarting. */
const transientStatuses = [429, 500, 502, 503, 504];

/** The body of a response, and where its bytes belong in the file. */
export interface FileBody {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Closes the connection. */
  readonly close: () => void;
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
  const { response, close } = await ask(file, version, from);
  const body = response.body ?? new ReadableStream({ start: (stream) => stream.close() });
  // At once: Node cancels an unread body when its response is garbage-collected.
  const reader = body.getReader();
  let answer: Omit<FileBody, "reader" | "close"> | "not modified" | "range refused" | undefined;
  try {
    answer = readHeaders(response, file, version, from);
  } finally {
    if (typeof answer !== "object") {
      await reader.cancel().catch(() => undefined);
      close();
    }
  }
  return typeof answer === "object" ? { ...answer, reader, close } : answer;
}

function readHeaders(
  response: Response,
  { url, limit, sha256, known }: FileRequest,
  version: Version,
  from: number,
) {
  const { status, headers } = response;
  if (status === 304 && known && from === 0) return "not modified";
  if (status === 416 && from > 0) return "range refused";
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const length = parseSize(header("content-length"));
  const encoded = !/^(identity)?$/i.test(header("content-encoding") ?? "");
  const stated = { etag: header("etag"), modified: header("last-modified") };

  if (status === 206) {
    if (from === 0) {
      throw new GenError(
        "download-failed",
        `${shownUrl(url)} answered with a part of the file that nobody requested`,
      );
    }
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header("content-range") ?? "");
    const start = range ? Number(range[1]) : from;
    const total = range ? parseSize(range[2]) : length && length + from;
    // A server of another origin may hide the range from the page; the length proves the same.
    const rangeKnown = range || (total !== undefined && total === version.total) || sha256;
    const same = sameVersion(version, { ...stated, total }) ?? (sha256 || !isCrossOrigin(url));
    if (start !== from || !rangeKnown || !same || encoded) return "range refused";
    checkSize(shownUrl(url), total, limit);
    return { from, version, total, exact: true };
  }
  if (status !== 200 && status !== 203) throw statusError(url, response);
  if (header("content-type")?.startsWith("text/html") && !/\.html?$/.test(new URL(url).pathname)) {
    // Servers of single-page applications answer so when a file does not exist.
    throw new GenError("file-missing", `${shownUrl(url)} answered with a web page, not a file`);
  }
  const total = encoded ? undefined : length;
  const current = { ...stated, total };
  if (known && (stated.etag ?? stated.modified) && sameVersion(known, current)) {
    return "not modified";
  }
  checkSize(shownUrl(url), total, limit);
  const exact = !encoded && !isCrossOrigin(response.url || url);
  return { from: 0, version: current, total, exact };
}

async function ask(file: FileRequest, version: Version, from: number): Promise<Sent> {
  const { url, known } = file;
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
  try {
    return await send(file, added);
  } catch (error) {
    // Browsers refuse a part that is compressed, as if the server were unreachable.
    if (from > 0 && !inNode() && errorCode(error) === "unreachable") return ask(file, version, 0);
    throw error;
  }
}

/** The error of a status that comes with no file. */
export function statusError(url: string, { status, statusText, headers }: Response): GenError {
  const answer = `${shownUrl(url)} answered ${`${status} ${statusText}`.trim()}`;
  if (status === 404 || status === 410) return new GenError("file-missing", answer);
  if (!transientStatuses.includes(status)) {
    return new GenError("download-failed", `${answer}, not 200 with a file`);
  }
  const wait = retryAfter(headers.get("retry-after") ?? "");
  if (wait === undefined || wait <= longestRetryAfter) {
    return new TransientError("download-failed", `${answer}; try again later`, { after: wait });
  }
  const seconds = Math.ceil(wait / 1000);
  return new GenError(
    "download-failed",
    `${answer} and asks to wait ${seconds} s, more than ${longestRetryAfter / 1000}: try again then`,
  );
}

/** The milliseconds of a `retry-after` header: seconds, or a date. */
function retryAfter(header: string): number | undefined {
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** What proves that two byte ranges belong to one file: a strong ETag, otherwise the date. */
export const validatorOf = ({ etag, modified }: Version): string | undefined =>
  etag && !isWeak(etag) ? etag : modified;

/** Versions of a file that differ in a few bytes may have the same weak ETag. */
const isWeak = (etag: string): boolean => etag.startsWith("W/");

/** Whether two responses are about the same file; undefined if they do not state enough. */
function sameVersion(a: Version, b: Version): boolean | undefined {
  if (a.total !== undefined && b.total !== undefined && a.total !== b.total) return false;
  if (a.etag && b.etag && (a.etag !== b.etag || !isWeak(a.etag))) return a.etag === b.etag;
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

/** A size in a header; undefined where there is none. */
export const parseSize = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** @throws GenError `file-too-large` when a size is known and above the limit. */
export function checkSize(file: string, bytes = 0, limit: number): void {
  if (bytes <= limit) return;
  throw new GenError(
    "file-too-large",
    `${file} has ${bytes} bytes, at most ${limit} are allowed; the option limit sets the bound`,
  );
}
