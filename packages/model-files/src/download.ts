import { errorCode, GenError } from "@gen/math";
import type { FileRequest } from "./file-request.ts";
import { freeBytes, GrowingBytes } from "./growing-bytes.ts";
import type { PartialDownload } from "./partial-download.ts";
import { type FileBody, request, validatorOf } from "./request.ts";
import { inNode, reasonOf, shownUrl, TransientError, untilSilent } from "./send.ts";

/** The shortest wait in ms before the second attempt. Each further wait is twice as long. */
const firstWait = 250;

/** A body that brings fewer bytes in ten timeouts counts as broken. */
const leastBytes = 1024;

/**
 * Downloads a file. Continues an earlier download or a broken connection, and stores what arrived
 * when the download fails. Returns undefined if the server still has the known version;
 * `resumed` says whether the bytes come from more than one response.
 */
export async function download(file: FileRequest, partial: PartialDownload) {
  const { sha256, limit, signal, attempts, known } = file;
  const bytes = new GrowingBytes(limit);
  let version = await partial.load(bytes);
  let resumed = bytes.length > 0;

  const attempt = async () => {
    let body = await request(file, version, bytes.length);
    if (body === "range refused") {
      bytes.length = 0;
      body = await request(file, version, 0);
    }
    if (typeof body === "string") return undefined;
    if (body.from === 0) {
      bytes.length = 0;
      resumed = false;
      file.onChanged();
      version = body.version;
      await partial.begin(version);
    }
    await receive(file, body, bytes, partial);
    return { bytes: bytes.toArray(), version, resumed };
  };

  try {
    for (let count = 1; ; count++) {
      try {
        return await attempt();
      } catch (error) {
        // The stored file takes the place of a server that does not answer.
        const stored = known && errorCode(error) === "unreachable";
        if (!(error instanceof TransientError) || count >= attempts || stored) throw error;
        resumed = bytes.length > 0;
        if (!sha256 && !validatorOf(version)) bytes.length = 0;
        await delay(Math.max(error.after ?? 0, firstWait * 2 ** (count - 1)), signal);
      }
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
 * Appends a body to `bytes`.
 * @throws TransientError when the body ends too early or stops.
 */
async function receive(
  { url, limit, signal, report, timeout }: FileRequest,
  { reader, close, total, exact }: FileBody,
  bytes: GrowingBytes,
  partial: PartialDownload,
): Promise<void> {
  const broken = (reason: string) => {
    const of = total === undefined ? "" : ` of ${total}`;
    return new TransientError(
      "download-failed",
      `${shownUrl(url)} broke off after ${bytes.length}${of} bytes (${reason}); another call continues from there if the server can`,
    );
  };
  const reportLength = () => report(bytes.length, bytes.length > (total ?? 0) ? undefined : total);
  let mark = { at: Date.now(), length: bytes.length };
  try {
    bytes.expect(total ?? 0);
    reportLength();
    for (;;) {
      const next = await untilSilent(reader.read(), signal, timeout).catch((error: Error) => error);
      signal.throwIfAborted();
      if (next instanceof Error) throw broken(reasonOf(next));
      if (next.done) break;
      if (!bytes.add(next.value)) {
        throw new GenError(
          "file-too-large",
          `${shownUrl(url)} is larger than the ${limit} bytes allowed; the option limit sets the bound`,
        );
      }
      // Chunks would be garbage of the size of the file. Those of Node may share a pool's memory.
      if (!inNode()) freeBytes(next.value);
      if (exact && total !== undefined && bytes.length > total) {
        throw new GenError(
          "file-changed",
          `${shownUrl(url)} sent more than the ${total} bytes it announced; call again for the file as it is now`,
        );
      }
      if (bytes.length >= mark.length + leastBytes) {
        mark = { at: Date.now(), length: bytes.length };
      } else if (Date.now() - mark.at > 10 * timeout) {
        throw broken(`fewer than ${leastBytes} bytes came in ${timeout / 100} s`);
      }
      reportLength();
      await partial.save(bytes);
    }
    if (exact && total !== undefined && bytes.length < total) throw broken("the server ended it");
  } finally {
    reader.cancel().catch(() => undefined);
    close();
  }
}

const delay = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
