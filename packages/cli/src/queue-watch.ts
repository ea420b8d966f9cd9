/*
 * Who is at a queue, looked at every second: whether Redis answers, and which workers are there.
 */
import { setTimeout } from "node:timers/promises";
import type { JobQueue } from "@gen/jobs";
import { errorCode, GenError } from "@gen/math";

type Workers = Awaited<ReturnType<JobQueue["workers"]>>;

/** Milliseconds between two looks, and until a look counts as unanswered. */
const LOOK_MS = 1000;
const ANSWER_MS = 3000;

/** Milliseconds for which requests wait for a Redis, or for a worker, that is away. */
const REDIS_AWAY_MS = 5000;
const NO_WORKER_MS = 10_000;

/** What the state of a queue is. */
type State = "ready" | "no-redis" | "no-worker";

const sentences: Readonly<Record<Exclude<State, "ready">, string>> = {
  "no-redis": "Redis does not answer",
  "no-worker": "no worker is there",
};

/**
 * Watches a queue until `close`.
 *
 * @param fits Whether a worker can do the work.
 * @param onState Called with each new state.
 */
export async function watchQueue(
  queue: JobQueue,
  fits: (worker: Workers[number]) => boolean,
  onState: (state: State) => void,
) {
  const closing = new AbortController();
  const { signal } = closing;
  let state: State | undefined;
  let since = performance.now();
  let workers = 0;

  async function look(): Promise<State> {
    const late = setTimeout(ANSWER_MS, undefined, { signal, ref: false }).then(() => {
      throw new GenError("unreachable", "Redis does not answer");
    });
    try {
      workers = (await Promise.race([queue.workers(), late])).filter(fits).length;
      return workers > 0 ? "ready" : "no-worker";
    } catch (error) {
      if (signal.aborted || errorCode(error) === "unreachable") return "no-redis";
      // Redis forbids its users to see who is there.
      workers = 1;
      return "ready";
    } finally {
      late.catch(() => undefined);
    }
  }

  async function lookOnce(): Promise<void> {
    const found = await look();
    if (found === state || signal.aborted) return;
    if (state !== undefined || found !== "ready") onState(found);
    state = found;
    since = performance.now();
  }

  async function lookAgain(): Promise<void> {
    while (!signal.aborted) {
      await setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await lookOnce();
    }
  }

  await lookOnce();
  const looking = lookAgain();
  return {
    /** The workers that can do the work. */
    get workers(): number {
      return workers;
    },
    /** What is wrong now, in a sentence. */
    trouble: (): string | undefined =>
      state === undefined || state === "ready" ? undefined : sentences[state],
    /** What has been wrong for so long that requests should not wait. */
    lasting(): GenError | undefined {
      if (state === undefined || state === "ready") return undefined;
      const patience = state === "no-redis" ? REDIS_AWAY_MS : NO_WORKER_MS;
      if (performance.now() - since < patience) return undefined;
      return new GenError("unreachable", sentences[state]);
    },
    async close(): Promise<void> {
      closing.abort();
      await looking;
    },
  };
}
