/*
 * A file at a URL that is read in parts, without storing it:
 *
 *   HEAD                            its size
 *   GET, range: bytes=FROM-TO       a part, status 206
 */
import { errorCode, GenError } from "@gen/math";
import type { FetchOptions } from "./fetch-options.ts";
import type { FileRequest } from "./file-request.ts";
import { parseSize, statusError } from "./request.ts";
import { inNode, send, shownUrl, untilSilent } from "./send.ts";

/** A file at a URL that is read in parts. */
export interface RangedFile {
  /** In bytes. */
  readonly size: number;
  /**
   * Reads `length` bytes from `offset`; both are inside the file.
   *
   * @param offset The first byte.
   * @param length How many bytes.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

type Asked = Pick<FileRequest, "url" | "headers" | "signal" | "timeout">;

// Browsers ignore this header.
const plain = () => (inNode() ? { "accept-encoding": "identity" } : undefined);

/**
 * The file at a URL; undefined where there is none.
 * @throws GenError `unreachable`, or `download-failed` when the server does not state the size.
 */
export async function rangedFile(
  url: string,
  { headers, signal = new AbortController().signal, timeout = 30_000 }: FetchOptions,
): Promise<RangedFile | undefined> {
  const asked = { url, headers, signal, timeout };
  const { response, close } = await send(asked, { ...plain() }, "HEAD");
  close();
  try {
    if (!response.ok) throw statusError(url, response);
  } catch (error) {
    if (errorCode(error) === "file-missing") return undefined;
    throw error;
  }
  if (response.headers.get("content-type")?.startsWith("text/html")) return undefined;
  const isEncoded = !/^(identity)?$/i.test(response.headers.get("content-encoding") ?? "");
  const size = parseSize(response.headers.get("content-length") ?? undefined);
  if (size === undefined || isEncoded) throw failed(url, "does not state the size of the file");
  return { size, read: (offset, length) => readPart(asked, offset, length) };
}

async function readPart(asked: Asked, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  if (length === 0) return bytes;
  const { url, signal, timeout } = asked;
  const range = `bytes=${offset}-${offset + length - 1}`;
  const { response, close } = await send(asked, { ...plain(), range }, "GET");
  const reader = response.body?.getReader();
  try {
    const given = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
    if (response.status !== 206 || (given && Number(given[1]) !== offset)) {
      throw failed(url, "gives no parts of the file");
    }
    let filled = 0;
    for (;;) {
      const { done, value } = (await (reader && untilSilent(reader.read(), signal, timeout))) ?? {
        done: true,
      };
      if (done) break;
      if (filled + value.length > length) throw failed(url, `sends more than ${length} bytes`);
      bytes.set(value, filled);
      filled += value.length;
    }
    if (filled === length) return bytes;
    throw failed(url, `sends ${filled} of ${length} bytes`);
  } finally {
    await reader?.cancel().catch(() => undefined);
    close();
  }
}

const failed = (url: string, what: string) =>
  new GenError("download-failed", `the server of ${shownUrl(url)} ${what}`);
