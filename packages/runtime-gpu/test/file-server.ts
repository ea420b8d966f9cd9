import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

/** A file and how the server treats those who ask for it. */
export interface Served {
  bytes: Uint8Array;
  etag?: string;
  modified?: string;
  type?: string;
  /** Ignores ranges. */
  whole?: boolean;
  /** Answers ranges whatever `if-range` says. */
  ignoresIfRange?: boolean;
  /** Breaks the connection after as many bytes, once for each number: on `hangUp`, else after a second. */
  breaks?: number[];
  /** Waits for ever after as many bytes. */
  stallsAfter?: number;
  /** Compresses whatever is asked for. */
  gzip?: boolean;
  /** Says nothing of the length. */
  chunked?: boolean;
  /** Says this length instead. */
  announced?: number;
  redirect?: string;
}

/** What a server was asked, and what it answered. */
export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  status: number;
  /** Bytes of the body that were handed to the connection. */
  sent: number;
  /** Whether the other side left before the end. */
  left: boolean;
}

export interface FileServer {
  readonly url: string;
  readonly files: Map<string, Served>;
  readonly asked: Asked[];
  /**
   * Breaks the connections that are due and have brought their clients up to this place in the file:
   * what a client has not taken up yet is lost to it when its connection breaks.
   */
  hangUp(place: number): void;
  /** Forgets files, requests and places. */
  reset(): void;
  close(): Promise<void>;
}

/** How long to wait for what must happen soon: a machine with much to do takes its time. */
export const patient = { timeout: 30_000 };

export const sha256 = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

export const etagOf = (bytes: Uint8Array): string => `"${sha256(bytes).slice(0, 16)}"`;

/** Bytes that repeat nowhere, so that a wrong offset shows. */
export function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A server on this machine alone, open to pages of every origin but for headers that ask for leave first. */
export async function serveFiles(): Promise<FileServer> {
  const files = new Map<string, Served>();
  const asked: Asked[] = [];
  const broken = new Breaks();
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://files").pathname;
    const file = files.get(path);
    const { method = "", headers } = request;
    const entry: Asked = { method, path, headers, status: 404, sent: 0, left: false };
    asked.push(entry);
    response.on("close", () => {
      entry.left = !response.writableFinished;
    });
    response.setHeader("access-control-allow-origin", "*");
    if (!file || method !== "GET") {
      entry.status = method === "GET" ? 404 : 405;
      response.writeHead(entry.status).end("there is none");
      return;
    }
    await answer(file, entry, response, broken);
  });
  // A connection that is closed for idleness just when a busy browser takes it up again is not what is tested.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    files,
    asked,
    hangUp: (place) => broken.reached(place),
    reset() {
      files.clear();
      asked.length = 0;
      broken.reset();
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  file: Served,
  entry: Asked,
  response: ServerResponse,
  broken: Breaks,
): Promise<void> {
  const { etag, modified, bytes } = file;
  const { headers } = entry;
  const head = (status: number): void => {
    entry.status = status;
    response.writeHead(status);
  };
  if (file.redirect) {
    response.setHeader("location", file.redirect);
    head(302);
    response.end();
    return;
  }
  if (etag) response.setHeader("etag", etag);
  if (modified) response.setHeader("last-modified", modified);
  response.setHeader("content-type", file.type ?? "application/octet-stream");
  if (
    (etag && headers["if-none-match"] === etag) ||
    (!etag && modified && headers["if-modified-since"] === modified)
  ) {
    head(304);
    response.end();
    return;
  }
  const range = /^bytes=(\d+)-$/.exec(headers.range ?? "");
  const fresh =
    file.ignoresIfRange ||
    headers["if-range"] === undefined ||
    [etag, modified].includes(String(headers["if-range"]));
  let body = bytes;
  let status = 200;
  let from = 0;
  if (range && fresh && !file.whole) {
    from = Number(range[1]);
    if (from >= bytes.length) {
      response.setHeader("content-range", `bytes */${bytes.length}`);
      head(416);
      response.end();
      return;
    }
    status = 206;
    body = bytes.subarray(from);
    response.setHeader("content-range", `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
  }
  if (file.gzip) {
    body = gzipSync(body);
    response.setHeader("content-encoding", "gzip");
  }
  if (!file.chunked) response.setHeader("content-length", file.announced ?? body.length);
  head(status);
  response.flushHeaders();
  const stop = file.breaks?.shift() ?? file.stallsAfter;
  const stalls = stop !== undefined && stop === file.stallsAfter;
  const end = Math.min(stop ?? body.length, body.length);
  while (entry.sent < end && !entry.left) {
    const chunk = body.subarray(entry.sent, Math.min(entry.sent + 65_536, end));
    await new Promise<unknown>((done) => response.write(chunk, done));
    entry.sent += chunk.length;
  }
  if (stalls) return;
  if (stop === undefined && !file.announced) {
    response.end();
    return;
  }
  broken.at(from + entry.sent, () => response.socket?.end());
}

/** Connections to break when their clients have got to a place in the file. */
class Breaks {
  readonly #due = new Map<() => void, number>();
  readonly #places = new Set<number>();

  at(place: number, end: () => void): void {
    const once = () => {
      clearTimeout(timer);
      if (this.#due.delete(once)) end();
    };
    const timer = setTimeout(once, 1000);
    this.#due.set(once, place);
    if (this.#places.delete(place)) once();
  }

  reached(place: number): void {
    const ends = [...this.#due].filter(([, at]) => at === place);
    if (ends.length === 0) this.#places.add(place);
    for (const [end] of ends) end();
  }

  reset(): void {
    this.#places.clear();
  }
}
