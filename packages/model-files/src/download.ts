import { errorCode, GenError } from "@gen/math";
import { GrowingBytes } from "./growing-bytes.ts";
import type { PartialDownload } from "./partial-download.ts";
import { type FileBody, type FileRequest, reasonOf, request, validatorOf } from "./request.ts";

const attempts = 3;

/**
 * Downloads a file. Continues an earlier download or a broken connection, and stores what arrived
 * when the download fails. Returns undefined if the server still has the known version;
 * `resumed` says whether the bytes come from more than one response.
 */
export async function download(file: FileRequest, partial: PartialDownload) {
  const { url, sha256, limit, signal } = file;
  const bytes = new GrowingBytes(limit);
  let version = await partial.load(bytes);
  let resumed = bytes.length > 0;
  try {
    for (let attempt = 1; ; ) {
      const body = await request(file, version, bytes.length);
      if (body === "not modified") return undefined;
      if (body === "range refused") {
        bytes.length = 0;
        continue;
      }
      if (body.from === 0) {
        bytes.length = 0;
        resumed = false;
        version = body.version;
        await partial.begin(version);
      }
      const failure = await receive(file, body, bytes, partial);
      if (failure === undefined) return { bytes: bytes.toArray(), version, resumed };
      if (attempt === attempts) {
        const of = body.total === undefined ? "" : ` of ${body.total}`;
        throw new GenError(
          "download-failed",
          `${url} broke off after ${bytes.length}${of} bytes (${failure}); another call continues from there if the server can`,
        );
      }
      resumed = true;
      if (!sha256 && !validatorOf(version)) bytes.length = 0;
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

/** Appends a body to `bytes`. Returns the reason if the body ends too early. */
async function receive(
  { url, limit, signal, report }: FileRequest,
  { reader, total, exact }: FileBody,
  bytes: GrowingBytes,
  partial: PartialDownload,
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

const delay = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
