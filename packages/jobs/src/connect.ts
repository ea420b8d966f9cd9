import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { Redis } from "ioredis";

/** Milliseconds between tries to reach a Redis that was lost. */
const retryMs = (times: number) => Math.min(100 * times, 2000);

/** A connection, which from then on survives that Redis restarts. */
export async function connect(Client: typeof Redis, url: string): Promise<Redis> {
  if (!/^(rediss?|unix):\/\//.test(url) || !URL.canParse(url))
    throw new ArgumentError("redis must be an address such as redis://127.0.0.1:6379");
  let connected = false;
  const redis = new Client(url, {
    ...{ lazyConnect: true, connectTimeout: 5000, maxRetriesPerRequest: null, keepAlive: 5000 },
    retryStrategy: (times) => (connected ? retryMs(times) : null),
  });
  let reason: unknown;
  redis.on("error", (error) => {
    reason = error;
  });
  const { host } = new URL(url);
  try {
    await redis.connect();
    await redis.ping();
    connected = true;
    return redis;
  } catch (error) {
    redis.disconnect();
    const text = String((reason as Error)?.message ?? (error as Error).message);
    if (/NOAUTH|WRONGPASS|AUTH/.test(text))
      throw new GenError(
        "usage",
        `Redis at ${host} wants another password: redis://:PASSWORD@HOST`,
      );
    throw new GenError(
      "unreachable",
      `no Redis answers at ${host}: start one with redis-server --appendonly yes (Debian: apt install redis-server), or give the address of another`,
      { cause: error },
    );
  }
}
