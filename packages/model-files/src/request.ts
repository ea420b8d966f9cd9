import { GenError } from "@gen/math";
import { inNode } from "./node-module.ts";
import { sameVersion, type Version, validatorOf } from "./version.ts";

/** Which file to request, and how. */
export interface RequestOptions {
  readonly url: string;
  readonly sha256?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The largest file allowed, in bytes. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** The version that is stored already. */
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
export async function request(
  options: RequestOptions,
  version: Version,
  from: number,
): Promise<FileBody | "not modified" | "range refused"> {
  const { url, limit, known, sha256 } = options;
  const response = await send(options, version, from);
  const { status, headers, ok } = response;
  if (status === 304 && known && from === 0) return "not modified";
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const length = parseSize(header("content-length"));
  const encoded = !/^(identity)?$/i.test(header("content-encoding") ?? "");
  const stated = { etag: header("etag"), modified: header("last-modified") };
  const cancelBody = () => response.body?.cancel().catch(() => undefined);
  const fail = async (error: GenError): Promise<never> => {
    await cancelBody();
    throw error;
  };

  if (from > 0 && status === 416) {
    await cancelBody();
    return "range refused";
  }
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header("content-range") ?? "");
    const start = range ? Number(range[1]) : from;
    const total = range ? parseSize(range[2]) : length && length + from;
    // A server of another origin may hide the range from the page; the length proves the same.
    const rangeKnown = range || (total !== undefined && total === version.total) || sha256;
    const same = sameVersion(version, { ...stated, total }) ?? (sha256 || !isCrossOrigin(url));
    if (from === 0 || start !== from || !rangeKnown || !same || encoded) {
      if (from === 0) {
        return fail(
          new GenError("download-failed", `${url} answered with a part that nobody asked for`),
        );
      }
      await cancelBody();
      return "range refused";
    }
    if (total !== undefined && total > limit) return fail(tooLargeError(url, total, limit));
    return { reader: bodyReader(response), from, version, total, exact: true };
  }
  if (!ok) {
    const missing = status === 404 || status === 410;
    const message = `${url} answered ${`${status} ${response.statusText}`.trim()}`;
    return fail(new GenError(missing ? "file-missing" : "download-failed", message));
  }
  if (header("content-type")?.startsWith("text/html") && !/\.html?$/.test(new URL(url).pathname)) {
    // Servers of single-page applications answer so when a file does not exist.
    return fail(new GenError("file-missing", `${url} answered with a web page, not a file`));
  }
  const total = encoded ? undefined : length;
  const current = { ...stated, total };
  if (known && (stated.etag ?? stated.modified) && sameVersion(known, current)) {
    await cancelBody();
    return "not modified";
  }
  if (total !== undefined && total > limit) return fail(tooLargeError(url, total, limit));
  const exact = !encoded && !isCrossOrigin(response.url || url);
  return { reader: bodyReader(response), from: 0, version: current, total, exact };
}

async function send(
  { url, headers, signal, known }: RequestOptions,
  version: Version,
  from: number,
): Promise<Response> {
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
    const { message, cause: deeper } = cause as Error;
    const reason = deeper instanceof Error ? deeper.message : message;
    throw new GenError("unreachable", `${url} cannot be reached (${reason})`, { cause });
  }
}

/** Whether a page requests from a server other than its own. */
function isCrossOrigin(url: string): boolean {
  const { location } = globalThis as { location?: { origin: string } };
  return location !== undefined && new URL(url).origin !== location.origin;
}

/** Call it at once: Node cancels an unread body when its response is garbage-collected. */
const bodyReader = ({ body }: Response): ReadableStreamDefaultReader<Uint8Array> =>
  (body ?? new ReadableStream({ start: (controller) => controller.close() })).getReader();

const parseSize = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

const tooLargeError = (url: string, bytes: number, limit: number): GenError =>
  new GenError("file-too-large", `${url} has ${bytes} bytes, at most ${limit} are allowed`);
