import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { Redis } from "ioredis";

/** Milliseconds between tries to reach a Redis that was lost. */
const retryMs = (times: number) => Math.min(100 * times, 2000);

/** @throws RangeError when a text is no address of a Redis. It is not quoted: it may hold a password. */
export function checkAddress(url: string): void {
  if (/^(rediss?|unix):\/\//.test(url) && URL.canParse(url)) return;
  throw new ArgumentError(
    "redis must be an address such as redis://127.0.0.1:6379, or rediss://host:6379 with TLS",
  );
}

/** A connection, which from then on survives that Redis restarts. */
export async function connect(Client: typeof Redis, url: string): Promise<Redis> {
  let connected = false;
  const redis = new Client(url, {
    ...{ lazyConnect: true, connectTimeout: 5000, maxRetriesPerRequest: null, keepAlive: 5000 },
    retryStrategy: (times) => (connected ? retryMs(times) : null),
  });
  let reason: unknown;
  redis.on("error", (error) => {
    reason = error;
  });
  try {
    await redis.connect();
    await redis.ping();
    connected = true;
    return redis;
  } catch (error) {
    redis.disconnect();
    throw unreachable(url, reason ?? error);
  }
}

/** Whether an error is Redis' reply with one of these codes, which by its protocol are words of it. */
export function isReply(error: unknown, ...codes: readonly string[]): boolean {
  const { name, message: reply } = error as Error;
  return name === "ReplyError" && reply.split(/\W+/).some((word) => codes.includes(word));
}

/** Why a Redis cannot be used. */
function unreachable(url: string, cause: unknown): GenError {
  const { host, pathname, protocol } = new URL(url);
  const at = `${host || pathname}${protocol === "rediss:" ? " with TLS" : ""}`;
  const { name, message, code = "" } = cause as NodeJS.ErrnoException;
  if (isReply(cause, "NOAUTH", "WRONGPASS", "AUTH"))
    return new GenError("usage", `Redis at ${at} wants another password: redis://:PASSWORD@HOST`);
  if (
    /^(ECONN|ENOENT|ENOTFOUND|EHOST|ENET|ETIMEDOUT|EAI_)/.test(code) ||
    (code === "" && name !== "ReplyError")
  )
    return new GenError(
      "unreachable",
      `no Redis answers at ${at}: start one with redis-server --appendonly yes (Debian: apt install redis-server), or give the address of another`,
      { cause },
    );
  return new GenError("unreachable", `Redis at ${at} cannot be used: ${message}`, { cause });
}
