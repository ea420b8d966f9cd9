import { inNode } from "../in-node.ts";
import { type Answer, type AskOptions, ask, RefusedError, UnreachableError } from "./ask.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { ModelFileError } from "./model-file-error.ts";
import type { Pieces } from "./pieces.ts";
import { type Version, validatorOf } from "./version.ts";

/** What to download, and how. */
export interface DownloadOptions extends AskOptions {
  readonly pieces: Pieces;
  readonly report: (loaded: number, total?: number) => void;
}

/** A file that has come, and whether it is put together of more than one answer. */
export interface Downloaded {
  readonly bytes: Uint8Array;
  readonly version: Version;
  readonly resumed: boolean;
}

const attempts = 3;

/**
 * Downloads a file, goes on where an earlier download or a broken connection stopped, and keeps what
 * came when it does not come to its end; undefined where the file is the known one.
 */
export async function download(options: DownloadOptions): Promise<Downloaded | undefined> {
  const { url, sha256, limit, signal, pieces } = options;
  const bytes = new GrowingBytes(limit);
  let version = await pieces.load(bytes);
  let resumed = bytes.length > 0;
  try {
    for (let attempt = 1; ; ) {
      const answer = await askOn(options, version, bytes.length);
      if (answer === "unchanged") return undefined;
      if (answer === "not from there") {
        bytes.clear();
        continue;
      }
      if (answer.from === 0) {
        bytes.clear();
        resumed = false;
        version = answer.version;
        await pieces.begin(version);
      }
      const broken = await receive(options, answer, bytes);
      if (broken === undefined) return { bytes: bytes.whole(), version, resumed };
      if (attempt === attempts) {
        const of = answer.total === undefined ? "" : ` of ${answer.total}`;
        throw new ModelFileError(
          `${url} broke off after ${bytes.length}${of} bytes (${broken}); another call goes on from there where the server can`,
        );
      }
      resumed = true;
      if (!sha256 && !validatorOf(version)) bytes.clear();
      await pause(250 * attempt++, signal);
    }
  } catch (error) {
    if (error instanceof RefusedError) await pieces.remove();
    else await pieces.save(bytes, true);
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * Browsers refuse a part that comes compressed, which looks as if the server were out of reach; the whole
 * file may come all the same.
 */
async function askOn(options: AskOptions, version: Version, from: number) {
  try {
    return await ask(options, version, from);
  } catch (error) {
    if (!(error instanceof UnreachableError) || from === 0 || inNode()) throw error;
    return ask(options, version, 0);
  }
}

/** Adds the bytes of an answer; gives the reason when it ends too early. */
async function receive(
  { url, limit, signal, pieces, report }: DownloadOptions,
  { reader, total, exact }: Answer,
  bytes: GrowingBytes,
): Promise<string | undefined> {
  const tell = () => report(bytes.length, bytes.length > (total ?? 0) ? undefined : total);
  try {
    bytes.reserve(total ?? 0);
    tell();
    for (;;) {
      const next = await reader.read().catch((error: Error) => error);
      signal.throwIfAborted();
      if (next instanceof Error) return reasonOf(next);
      if (next.done) break;
      if (!bytes.add(next.value)) {
        throw new ModelFileError(`${url} is larger than the ${limit} bytes allowed`);
      }
      if (exact && total !== undefined && bytes.length > total) {
        throw new RefusedError(`${url} sent more than the ${total} bytes it announced`);
      }
      tell();
      await pieces.save(bytes);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
  return exact && total !== undefined && bytes.length < total ? "the server ended it" : undefined;
}

const reasonOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? cause.message : message;

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}
