/*
 * A model whose runs are jobs, so that the server computes nothing:
 *
 *   requests of a run -> a job in the queue -> a worker -> its result in the store -> answers
 *
 * These jobs come before others. A job and its files are removed once it is answered, or given up: all
 * its clients left, the server stops, or nobody answers.
 */
import { setTimeout } from "node:timers/promises";
import { collect, type Job, type JobQueue, putFiles, type Store, submit } from "@gen/jobs";
import { errorCode, GenError } from "@gen/math";
import type { Drawn, DrawRequest, ServedModel } from "@gen/server";
import { usageError } from "../errors.ts";
import { type JobsOptions, openJobs, openStore } from "../jobs-queue.ts";
import { watchQueue } from "../queue-watch.ts";
import { servedFolder } from "../served-folder.ts";
import { note, progress } from "../terminal.ts";
import { version } from "../versions.ts";
import { checkInputs } from "./jobs-submit.ts";
import type { ServeFacts, ServeJob } from "./serve-kind.ts";

/** The options of a queue. */
export interface ServeQueueOptions {
  /** Its name, or Redis' address. */
  readonly queue?: string;
  readonly redis?: string;
  readonly store?: string;
  readonly upload: boolean;
  readonly timeout?: number;
}

interface Queued extends ServeQueueOptions {
  readonly queue: string;
  /** That of the workers. */
  readonly backend: string;
  readonly exact?: number;
  readonly signal: AbortSignal;
}

const KIND = "serve";

/** That of other jobs is 0, if they are given none. */
const PRIORITY = 1000;

/** The least and the most milliseconds between two looks at a job. */
const LOOK_MS = [10, 250] as const;

/** Milliseconds after which the files of a job that was given up are removed once more. */
const AGAIN_MS = 30_000;

/** The most milliseconds that a server that stops waits for a queue to forget its jobs. */
const TIDY_MS = 3000;

/** @throws GenError `usage` for a flag of a queue without a queue. */
export function refuseQueueFlags({ redis, store, timeout, upload }: ServeQueueOptions): void {
  const flags = { "--store": store, "--redis": redis, "--timeout": timeout };
  const given = Object.entries(flags).find(([, value]) => value !== undefined);
  const flag = given?.[0] ?? (upload ? undefined : "--no-upload");
  if (flag !== undefined) throw usageError(`${flag} needs --queue`);
}

/** Where a queue is. */
function placeOf({ queue, redis, store }: Queued): JobsOptions {
  if (!queue.includes("://")) return { queue, redis, store, json: false };
  if (redis === undefined) return { queue: "gen", redis: queue, store, json: false };
  throw usageError("--redis must be left out: --queue has Redis' address");
}

/** A folder's model that workers draw from, and the name of their queue. */
export async function queuedModel(folder: string, options: Queued) {
  const { backend, exact, signal, upload, timeout = 600 } = options;
  const place = placeOf(options);
  const store = await openStore(place);
  await checkInputs([folder], folder);
  const planned = await servedFolder(folder, { signal, exact });
  const queue = await openJobs(place);
  try {
    await forgetOld(queue, store, timeout);
    const line = progress("Putting the model into the store");
    const files = await putFiles(store, [folder], {
      upload,
      onUpload: (done, total) => line.update(done, total),
    });
    if (upload) line.finish();
    const watch = await watchQueue(
      queue,
      (worker) => worker.version === version() && Object.values(worker.backend).includes(backend),
      (state) => {
        if (state === "ready") note(`workers of queue ${queue.name} answer again`);
        else if (state === "no-redis") note("Redis does not answer; requests are answered 503");
        else {
          note(
            `queue ${queue.name} has no worker of version ${version()} with --backend ${backend}; start one with gen jobs work --queue ${queue.name} --store ${place.store}`,
          );
        }
      },
    );
    const asked = { kind: KIND, version: version(), backends: [backend], priority: PRIORITY };
    const ask = (requests: readonly DrawRequest[]): Promise<Job> => {
      const job: ServeJob = { model: folder, exact, requests };
      const count = requests.reduce((sum, request) => sum + request.count, 0);
      return submit(queue, store, { ...asked, files, count, options: job });
    };
    const tidying = new Set<Promise<void>>();
    let closed: Promise<void> | undefined;
    const model: ServedModel = {
      ...planned,
      get runs() {
        return watch.workers;
      },
      trouble: watch.trouble,
      async draw(requests, { signal: left, onStep }) {
        const run = patience(left as AbortSignal, timeout, watch.lasting);
        const [{ steps = 0 }, asking] = [{ steps: planned.stepsOf(requests[0]) }, ask(requests)];
        let isDone = false;
        try {
          const { id, count } = await run.wait(asking);
          await over(queue, id, run, (items) => onStep({ done: items / count, steps }));
          const { rows, facts } = await run.wait(collect(store, id));
          isDone = true;
          return answersOf(requests, rows.x, facts as ServeFacts);
        } finally {
          run.end();
          const tidied: Promise<void> = asking
            .then(({ id }) => forget(queue, store, id, isDone))
            .catch(() => undefined)
            .finally(() => tidying.delete(tidied));
          tidying.add(tidied);
        }
      },
      dispose() {
        closed ??= close();
        return closed;
      },
    };
    async function close(): Promise<void> {
      await Promise.race([Promise.all(tidying), setTimeout(TIDY_MS, undefined, { ref: false })]);
      await watch.close();
      await planned.dispose();
      await queue.close();
    }
    return { model, queue: queue.name };
  } catch (error) {
    await queue.close();
    throw error;
  }
}

/** How long a run waits: until its clients left, until nobody answers, or until its time is over. */
function patience(left: AbortSignal, seconds: number, trouble: () => GenError | undefined) {
  const stop = new AbortController();
  const end = performance.now() + 1000 * seconds;
  const late = () =>
    new GenError("unreachable", `the workers gave no result within ${seconds} s (--timeout)`);
  const check = () => {
    const reason = left.aborted ? left.reason : trouble();
    if (reason) stop.abort(reason);
    else if (performance.now() > end) stop.abort(late());
  };
  check();
  left.addEventListener("abort", check);
  const timer = setInterval(check, 250);
  return {
    /** What a call gives. It rejects when the run's patience ends. */
    wait: <R>(call: Promise<R>): Promise<R> =>
      new Promise((resolve, reject) => {
        const give = () => reject(stop.signal.reason);
        if (stop.signal.aborted) give();
        stop.signal.addEventListener("abort", give, { once: true });
        call.then(resolve, reject).finally(() => stop.signal.removeEventListener("abort", give));
      }),
    end(): void {
      clearInterval(timer);
      left.removeEventListener("abort", check);
    },
  };
}

/** Waits until a job is done, a tenth of the time longer than it takes. */
async function over(
  queue: JobQueue,
  id: string,
  run: ReturnType<typeof patience>,
  onProgress: (items: number) => void,
): Promise<void> {
  const began = performance.now();
  let last = 0;
  for (;;) {
    const status = await run.wait(queue.status(id)).catch((error: unknown) => {
      if (errorCode(error) !== "usage") throw error;
      throw new GenError("interrupted", `job ${id} was taken out of the queue`);
    });
    if (status.progress > last) onProgress(status.progress);
    last = Math.max(last, status.progress);
    if (status.state === "done") return;
    const [failed] = status.failed;
    if (failed) throw new GenError("backend-failed", `workers failed: ${failed.reason}`);
    const [least, most] = LOOK_MS;
    const tenth = (performance.now() - began) / 10;
    await run.wait(setTimeout(Math.min(most, Math.max(least, tenth))));
  }
}

/** What each request of a run gets. */
function answersOf(
  requests: readonly DrawRequest[],
  { data, shape }: { readonly data: Float32Array; readonly shape: readonly number[] },
  { steps = 0, error }: ServeFacts,
): Drawn[] {
  if (error) throw new GenError(error.code, error.message);
  const [rows, ...item] = shape;
  const size = data.length / rows;
  let first = 0;
  return requests.map(({ count }) => {
    const x = data.slice(first * size, (first + count) * size);
    first += count;
    return { x, shape: [count, ...item], steps };
  });
}

/** Takes a job out of the queue, and its files out of the store. */
async function forget(queue: JobQueue, store: Store, id: string, isDone: boolean): Promise<void> {
  const remove = () => queue.cancel(id, store).catch(() => undefined);
  await remove();
  // A worker that has not heard of it yet may still write its result.
  if (!isDone) globalThis.setTimeout(remove, AGAIN_MS).unref();
}

/** Forgets the jobs of servers that ended before they could: all that nobody can wait for any more. */
async function forgetOld(queue: JobQueue, store: Store, seconds: number): Promise<void> {
  for (const { id, kind, created } of await queue.entries())
    if (kind === KIND && Date.now() - created > 1000 * seconds) await queue.cancel(id, store);
}
