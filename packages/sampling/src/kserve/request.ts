import { GenError } from "@gen/math";

/** Where and how a server is asked. */
export interface RequestOptions {
  /** The server's address, such as "http://localhost:8000". */
  readonly url: string;
  /** Headers of each request, such as `authorization`. @defaultValue none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The longest wait for an answer, in ms. @defaultValue 60000 */
  readonly timeout?: number;
  /**
   * How often a request is sent while the server is busy (status 429, 502, 503, 504) or cannot be
   * reached. The waits between are 0.25 s, 0.5 s, 1 s, ..., or what `retry-after` says, up to 60 s.
   * @defaultValue 5
   */
  readonly attempts?: number;
}

const busy = [429, 502, 503, 504];

/**
 * The bytes of an answer of at most `limit` bytes, and its headers.
 * @throws GenError `unreachable` when no attempt was answered, `backend-failed` when the server
 * refuses, `file-too-large`.
 */
export async function request(
  { url, headers, timeout = 60_000, attempts = 5 }: RequestOptions,
  path: string,
  limit: number,
  message?: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array<ArrayBuffer>;
  },
): Promise<{ bytes: Uint8Array; header: (name: string) => string | null }> {
  const address = url.replace(/\/+$/, "") + path;
  const init = {
    method: message ? "POST" : "GET",
    headers: { ...headers, ...message?.headers },
    body: message?.body as Uint8Array<ArrayBuffer> | undefined,
    redirect: "error" as const,
  };
  let problem = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeout);
    let after: number | undefined;
    try {
      const answer = await fetch(address, { ...init, signal: controller.signal });
      const bytes = await readBytes(answer, limit);
      if (answer.status === 200) return { bytes, header: (name) => answer.headers.get(name) };
      problem = `answered ${answer.status}${reasonIn(bytes)}`;
      if (!busy.includes(answer.status))
        throw new GenError("backend-failed", `${address} ${problem}`);
      after = Number(answer.headers.get("retry-after") ?? Number.NaN);
    } catch (error) {
      if (error instanceof GenError) throw error;
      problem = `did not answer (${reasonOf(error as Error, timeout)})`;
    } finally {
      clearTimeout(timer);
    }
    const wait = Number.isFinite(after) ? Math.min(60, after as number) : 0.25 * 2 ** attempt;
    if (attempt < attempts - 1) await new Promise<void>((done) => setTimeout(done, 1000 * wait));
  }
  throw new GenError("unreachable", `${address} ${problem}, ${attempts} times`);
}

async function readBytes({ body }: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.length;
    if (size > limit)
      throw new GenError("file-too-large", `the server's answer has more than ${limit} bytes`);
    parts.push(part);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const reasonIn = (bytes: Uint8Array): string =>
  bytes.length === 0 ? "" : `: ${new TextDecoder().decode(bytes.subarray(0, 200))}`;

const reasonOf = ({ name, message, cause }: Error, timeout: number): string => {
  if (name === "AbortError") return `no answer came within ${timeout / 1000} s`;
  return cause instanceof Error && cause.message ? cause.message : message;
};
