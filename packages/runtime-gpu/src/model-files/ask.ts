import { inNode } from "../in-node.ts";
import { ModelFileError } from "./model-file-error.ts";
import { sameVersion, type Version, validatorOf } from "./version.ts";

/** What to ask a server for. */
export interface AskOptions {
  readonly url: string;
  readonly sha256?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly limit: number;
  readonly signal: AbortSignal;
  /** The version that is here already. */
  readonly known?: Version;
}

/** Bytes on their way. */
export interface Answer {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** The place in the file of the first one. */
  readonly from: number;
  readonly version: Version;
  /** Bytes of the whole file, as the server says. */
  readonly total?: number;
  /** Whether `total` is binding: of what comes compressed, nobody knows the size. */
  readonly exact: boolean;
}

/** The server was not reached. */
export class UnreachableError extends ModelFileError {}

/** There is no such file, or none as announced: what came of it is of no use. */
export class RefusedError extends ModelFileError {}

/** Asks for the bytes of a file from `from` on, where they are of `version`, else for all of them. */
export async function ask(
  options: AskOptions,
  version: Version,
  from: number,
): Promise<Answer | "unchanged" | "not from there"> {
  const { url, limit, known, sha256 } = options;
  const response = await request(options, version, from);
  const { status, headers, ok } = response;
  if (status === 304 && known && from === 0) return "unchanged";
  const text = (name: string): string | undefined => headers.get(name) ?? undefined;
  const length = wholeNumber(text("content-length"));
  const encoded = !/^(identity)?$/i.test(text("content-encoding") ?? "");
  const said = { etag: text("etag"), modified: text("last-modified") };
  const give = async <R>(result: R): Promise<R> => {
    await response.body?.cancel().catch(() => undefined);
    return result;
  };

  if (from > 0 && status === 416) return give("not from there");
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(text("content-range") ?? "");
    const start = range ? Number(range[1]) : from;
    const total = range ? wholeNumber(range[2]) : length && length + from;
    // Servers of another origin may keep the range to themselves; its length tells as much.
    const here = range || (total !== undefined && total === version.total) || sha256;
    const same = sameVersion(version, { ...said, total }) ?? (sha256 || !elsewhere(url));
    if (from === 0 || start !== from || !here || !same || encoded) {
      if (from > 0) return give("not from there");
      throw await give(new ModelFileError(`${url} answered with a part that nobody asked for`));
    }
    if (total !== undefined && total > limit) throw await give(tooLarge(url, total, limit));
    return { reader: readerOf(response), from, version, total, exact: true };
  }
  if (!ok) {
    const missing = status === 404 || status === 410;
    const message = `${url} answered ${`${status} ${response.statusText}`.trim()}`;
    throw await give(
      missing ? new RefusedError(message, { missing }) : new ModelFileError(message),
    );
  }
  if (text("content-type")?.startsWith("text/html") && !/\.html?$/.test(new URL(url).pathname)) {
    // What servers of single-page applications say of a file that is not there.
    throw await give(
      new RefusedError(`${url} answered with a web page, not a file`, { missing: true }),
    );
  }
  const total = encoded ? undefined : length;
  const now = { ...said, total };
  if (known && (said.etag ?? said.modified) && sameVersion(known, now)) return give("unchanged");
  if (total !== undefined && total > limit) throw await give(tooLarge(url, total, limit));
  const exact = !encoded && !elsewhere(response.url || url);
  return { reader: readerOf(response), from: 0, version: now, total, exact };
}

async function request(
  { url, headers, signal, known }: AskOptions,
  version: Version,
  from: number,
): Promise<Response> {
  const own: Record<string, string> = {};
  // Compressed bytes can neither be measured nor continued; browsers set this as they like.
  if (inNode()) own["accept-encoding"] = "identity";
  if (from > 0) own.range = `bytes=${from}-`;
  // Other origins would have to allow these first, and answers are compared in any case.
  if (!elsewhere(url)) {
    const validator = validatorOf(version);
    if (from > 0 && validator) own["if-range"] = validator;
    if (from === 0 && known?.etag) own["if-none-match"] = known.etag;
    else if (from === 0 && known?.modified) own["if-modified-since"] = known.modified;
  }
  // The browser's own cache would keep everything twice.
  const init = { headers: { ...headers, ...own }, signal, cache: "no-store" };
  try {
    return await fetch(url, init as RequestInit);
  } catch (cause) {
    signal.throwIfAborted();
    const { message, cause: deeper } = cause as Error;
    const reason = deeper instanceof Error ? deeper.message : message;
    throw new UnreachableError(`${url} cannot be reached (${reason})`, { cause });
  }
}

/** Whether a page asks a server other than its own. */
function elsewhere(url: string): boolean {
  const { location } = globalThis as { location?: { origin: string } };
  return location !== undefined && new URL(url).origin !== location.origin;
}

/** To be called at once: Node cancels a body that nobody reads when its response is collected. */
const readerOf = ({ body }: Response): ReadableStreamDefaultReader<Uint8Array> =>
  (body ?? new ReadableStream({ start: (controller) => controller.close() })).getReader();

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

const tooLarge = (url: string, bytes: number, limit: number): ModelFileError =>
  new ModelFileError(`${url} has ${bytes} bytes, at most ${limit} are allowed`);
