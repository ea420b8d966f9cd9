import { PassThrough } from "node:stream";
import type { FastifyReply } from "fastify";
import { ServerError } from "./server-error.ts";

/** Keeps proxies from closing a connection while a request waits. */
const KEEP_ALIVE_MS = 15_000;

/** A signal that aborts when the client leaves before its whole answer is sent. */
export function clientSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) controller.abort(new ServerError(499, "client_left", "it left"));
  });
  return controller.signal;
}

/**
 * Answers with server-sent events. `write` gets a function that sends an event; the stream ends with
 * it. What it throws becomes an event `error` with `bodyOf`.
 */
export function sendEvents(
  reply: FastifyReply,
  write: (send: (event: string, data: unknown) => void) => Promise<void>,
  bodyOf: (error: unknown) => unknown,
): FastifyReply {
  const stream = new PassThrough();
  const put = (text: string) => {
    if (!stream.destroyed) stream.write(text);
  };
  const send = (event: string, data: unknown) =>
    put(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const timer = setInterval(() => put(": waiting\n\n"), KEEP_ALIVE_MS);
  write(send)
    .catch((error: unknown) => send("error", bodyOf(error)))
    .finally(() => {
      clearInterval(timer);
      stream.end();
    });
  // A proxy such as nginx must not collect the events.
  reply.header("cache-control", "no-store").header("x-accel-buffering", "no");
  return reply.type("text/event-stream").send(stream);
}
