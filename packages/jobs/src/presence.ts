/*
 * Which workers are there. A worker names its connection, and Redis lists all connections with the
 * seconds since each was heard of. A worker asks for work several times a second, or extends the lock
 * of its part. So nothing is written, nothing is left behind, and one clock counts.
 *
 *   name=gen-worker:QUEUE:NAME:VERSION:ASKED:BACKEND     in CLIENT LIST
 */
import type { Redis } from "ioredis";
import type { QueueWorker } from "./queue-worker.ts";

/** Seconds of silence after which a worker counts as gone. */
const SILENCE = 30;

/** Names a worker's connection, also after Redis restarts. */
export async function announce(
  redis: Redis,
  queue: string,
  { name, version, backend }: QueueWorker,
): Promise<void> {
  const fields = [queue, name, version, backend.asked, backend.name].map(encodeURIComponent);
  const text = `gen-worker:${fields.join(":")}`;
  redis.options.connectionName = text;
  // Some servers forbid it; then nobody sees the worker, and it works as well.
  await redis.client("SETNAME", text).catch(() => undefined);
}

/** The workers of a queue in the text of CLIENT LIST. */
export function workersIn(list: string, queue: string): QueueWorker[] {
  const found = new Map<string, QueueWorker>();
  for (const line of list.split("\n")) {
    const [, text = ""] = /(?:^| )name=gen-worker:(\S+)/.exec(line) ?? [];
    const [, idle = "0"] = /(?:^| )idle=(\d+)/.exec(line) ?? [];
    const [of, name, version, asked, opened] = text.split(":").map(decodeURIComponent);
    if (of !== queue || opened === undefined || Number(idle) > SILENCE) continue;
    // BullMQ has more connections, which inherit the name.
    found.set(text, { name, version, backend: { asked, name: opened } });
  }
  return [...found.values()];
}
