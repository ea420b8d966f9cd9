import { GenError } from "@gen/math";
import type { FileRequest } from "./file-request.ts";

/** Redirects that one request follows, as many as `fetch` itself. */
const maxRedirects = 20;

/**
 * A failure that another attempt may mend: the connection broke, or the server is busy. `after` is
 * the wait in ms that the server asks for.
 */
export class TransientError extends GenError {
  readonly after?: number;

  constructor(
    code: "unreachable" | "download-failed",
    message: string,
    { after, ...options }: ErrorOptions & { readonly after?: number } = {},
  ) {
    super(code, message, options);
    this.after = after;
  }
}

/**
 * Sends a request with the caller's headers and `added`, and follows its redirects. Headers of the
 * caller go only to the origin that they were given for: a redirect to another host, port or scheme
 * drops all of them, also for a way back.
 */
export async function send(
  file: Pick<FileRequest, "url" | "headers" | "signal" | "timeout">,
  added: Readonly<Record<string, string>>,
  method: "GET" | "HEAD" = "GET",
): Promise<Sent> {
  const headers = new Headers(file.headers);
  const names = [...headers.keys()];
  // A page cannot see where a redirect leads. Browsers drop `authorization` on the way themselves.
  const follows = !inNode() && names.every((name) => name === "authorization");
  for (const [name, value] of Object.entries(added)) headers.set(name, value);
  let url = new URL(file.url);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const sent = await sendOnce(file, url, {
      method,
      headers,
      redirect: follows ? "follow" : "manual",
    });
    const { response } = sent;
    const target = redirectTarget(response, url, file);
    if (!target) return sent;
    await response.body?.cancel().catch(() => undefined);
    if (target.origin !== url.origin) for (const name of names) headers.delete(name);
    url = target;
  }
  throw refused(file, `redirected more than ${maxRedirects} times`);
}

const refused = ({ url }: Pick<FileRequest, "url">, what: string): GenError =>
  new GenError("download-failed", `${shownUrl(url)} ${what}: give the URL of the file itself`);

/** A response, and what closes its connection: WebKit keeps one whose body is cancelled. */
export interface Sent {
  readonly response: Response;
  readonly close: () => void;
}

async function sendOnce(
  { url: first, signal, timeout }: Pick<FileRequest, "url" | "signal" | "timeout">,
  url: URL,
  request: { method: string; headers: Headers; redirect: "follow" | "manual" },
): Promise<Sent> {
  const connection = new AbortController();
  const close = () => connection.abort();
  // The browser's HTTP cache would store every file a second time.
  const init = { ...request, signal: connection.signal, cache: "no-store" };
  try {
    const response = await untilSilent(fetch(url, init as RequestInit), signal, timeout);
    return { response, close };
  } catch (cause) {
    close();
    signal.throwIfAborted();
    const message = `${shownUrl(first)} cannot be reached (${reasonOf(cause as Error)})`;
    throw new TransientError("unreachable", message, { cause });
  }
}

/** Where a response redirects to; undefined if it does not. */
function redirectTarget(
  response: Response,
  from: URL,
  file: Pick<FileRequest, "url">,
): URL | undefined {
  if (response.type === "opaqueredirect") {
    throw refused(file, "redirects, and a page cannot keep headers from another server");
  }
  const location = response.headers.get("location");
  if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return undefined;
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (!target || !/^https?:$/.test(target.protocol) || target.username || target.password) {
    throw refused(file, "redirects to what is no http or https URL, or has a password in it");
  }
  if (from.protocol === "https:" && target.protocol === "http:") {
    throw refused(file, `redirects from https to ${shownUrl(target.href)}, which is not encrypted`);
  }
  return target;
}

/** The result of `work`, unless `signal` aborts or `timeout` ms pass first. */
export function untilSilent<T>(work: Promise<T>, signal: AbortSignal, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    const onSilence = () => reject(new Error(`no byte came for ${timeout / 1000} s`));
    const timer = setTimeout(onSilence, timeout);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    });
  });
}

/** A URL for messages: without a password or a query, which may hold a key, and not too long. */
export function shownUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  const path =
    pathname.length > 160 ? `${pathname.slice(0, 80)}...${pathname.slice(-77)}` : pathname;
  return `${origin}${path}${search && "?..."}`;
}

/** Whether this code runs in Node rather than in a page or a worker. */
export const inNode = (): boolean => typeof process !== "undefined" && !!process.versions?.node;

/** The message of an error of `fetch`, which Node puts into the error's cause. */
export const reasonOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? cause.message || cause.name : message;
