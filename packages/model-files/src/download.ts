import { errorCode, GenError } from "@gen/math";
import { GrowingBytes } from "./growing-bytes.ts";
import { inNode } from "./node-module.ts";
import type { PartialDownload } from "./partial-download.ts";
import { type FileBody, type RequestOptions, request } from "./request.ts";
import { type Version, validatorOf } from "./version.ts";

/** What to download, and how. */
export interface DownloadOptions extends RequestOptions {
  readonly partial: PartialDownload;
  readonly report: (loaded: number, total?: number) => void;
}

/** A complete file. */
export interface Downloaded {
  readonly bytes: Uint8Array;
  readonly version: Version;
  /** Whether the bytes come from more than one response. */
  readonly resumed: boolean;
}

const attempts = 3;

/**
 * Downloads a file. Continues an earlier download or a broken connection, and stores what arrived
 * when the download fails. Returns undefined if the server still has the known version.
 */
export async function download(options: DownloadOptions): Promise<Downloaded | undefined> {
  const { url, sha256, limit, signal, partial } = options;
  const bytes = new GrowingBytes(limit);
  let version = await partial.load(bytes);
  let resumed = bytes.length > 0;
  try {
    for (let attempt = 1; ; ) {
      const body = await requestRest(options, version, bytes.length);
      if (body === "not modified") return undefined;
      if (body === "range refused") {
        bytes.clear();
        continue;
      }
      if (body.from === 0) {
        bytes.clear();
        resumed = false;
        version = body.version;
        await partial.begin(version);
      }
      const failure = await receive(options, body, bytes);
      if (failure === undefined) return { bytes: bytes.toArray(), version, resumed };
      if (attempt === attempts) {
        const of = body.total === undefined ? "" : ` of ${body.total}`;
        throw new GenError(
          "download-failed",
          `${url} broke off after ${bytes.length}${of} bytes (${failure}); another call goes on from there where the server can`,
        );
      }
      resumed = true;
      if (!sha256 && !validatorOf(version)) bytes.clear();
      await delay(250 * attempt++, signal);
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === "file-missing" || code === "file-changed") await partial.remove();
    else await partial.save(bytes, true);
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * Requests the bytes from `from` on. Browsers refuse a compressed part, and the error looks as if
 * the server were unreachable; then this requests the whole file.
 */
async function requestRest(options: RequestOptions, version: Version, from: number) {
  try {
    return await request(options, version, from);
  } catch (error) {
    if (errorCode(error) !== "unreachable" || from === 0 || inNode()) throw error;
    return request(options, version, 0);
  }
}

/** Appends a body to `bytes`. Returns the reason if the body ends too early. */
async function receive(
  { url, limit, signal, partial, report }: DownloadOptions,
  { reader, total, exact }: FileBody,
  bytes: GrowingBytes,
): Promise<string | undefined> {
  const reportLength = () => report(bytes.length, bytes.length > (total ?? 0) ? undefined : total);
  try {
    bytes.reserve(total ?? 0);
    reportLength();
    for (;;) {
      const next = await reader.read().catch((error: Error) => error);
      signal.throwIfAborted();
      if (next instanceof Error) return reasonOf(next);
      if (next.done) break;
      if (!bytes.add(next.value)) {
        throw new GenError("file-too-large", `${url} is larger than the ${limit} bytes allowed`);
      }
      if (exact && total !== undefined && bytes.length > total) {
        throw new GenError("file-changed", `${url} sent more than the ${total} bytes it announced`);
      }
      reportLength();
      await partial.save(bytes);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
  return exact && total !== undefined && bytes.length < total ? "the server ended it" : undefined;
}

const reasonOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? cause.message : message;

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
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
