/*
 * Work that waits its turn. One run at a time; requests that fit together share a run:
 *
 *   waiting: a b C a      first run: a b a      second run: C
 *
 * Requests fit together when their keys are equal. The oldest request always runs next, so that none
 * waits for ever. A request leaves when its signal aborts; a run that all have left is stopped.
 */
import type { StepProgress } from "./served-model.ts";
import { ServerError } from "./server-error.ts";

/** What a queue does with requests. */
export interface Work<Request, Result> {
  /** Requests with equal keys may share a run. */
  key(request: Request): string;
  /** The samples that a request asks for. */
  rows(request: Request): number;
  /** How long a request takes, in any unit: samples times steps. */
  cost(request: Request): number;
  /** Computes the results of requests that fit together, in order. */
  run(requests: readonly Request[], options: RunOptions): Promise<readonly Result[]>;
}

interface RunOptions {
  /** Aborts when every request of the run has left. */
  readonly signal: AbortSignal;
  /** Called after each step. */
  readonly onStep: (progress: StepProgress) => void;
}

interface QueueOptions {
  /** Requests that may wait beside the run. */
  readonly capacity: number;
  /** Samples in one run; a request for more runs alone. */
  readonly most: number;
  /** Called after each run. */
  readonly onRun?: (run: { requests: number; rows: number; seconds: number; ok: boolean }) => void;
}

/** What a request waits with. */
interface Waiting<Request, Result> {
  readonly request: Request;
  readonly signal: AbortSignal;
  readonly onStep?: (progress: StepProgress) => void;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** A queue of requests. */
export type WorkQueue<Request, Result> = ReturnType<typeof workQueue<Request, Result>>;

/** Makes a queue that runs `work`. */
export function workQueue<Request, Result>(
  work: Work<Request, Result>,
  { capacity, most, onRun }: QueueOptions,
) {
  const waiting: Waiting<Request, Result>[] = [];
  const running = new Set<Waiting<Request, Result>>();
  let [stopping, active] = [false, false];
  let current = new AbortController();
  let finished = Promise.resolve();
  // The mean time of a unit of cost; the last runs count most.
  let secondsPerCost = 0;

  const costOf = (list: Iterable<Waiting<Request, Result>>) =>
    Array.from(list, ({ request }) => work.cost(request)).reduce((a, b) => a + b, 0);

  /** Seconds until a new request would begin, at least 1. */
  const secondsToWait = () =>
    Math.min(3600, Math.max(1, Math.ceil(secondsPerCost * costOf([...running, ...waiting]))));

  /** Takes the oldest request and all that fit it. */
  function takeRun(): Waiting<Request, Result>[] {
    const [first] = waiting;
    const key = work.key(first.request);
    let rows = 0;
    const taken = waiting.filter((one) => {
      if (one !== first && work.key(one.request) !== key) return false;
      const more = work.rows(one.request);
      if (one !== first && rows + more > most) return false;
      rows += more;
      return true;
    });
    for (const one of taken) waiting.splice(waiting.indexOf(one), 1);
    return taken;
  }

  async function runNext(): Promise<void> {
    const taken = takeRun();
    const rows = taken.reduce((sum, { request }) => sum + work.rows(request), 0);
    for (const one of taken) running.add(one);
    const controller = new AbortController();
    current = controller;
    const cost = costOf(taken);
    const started = performance.now();
    let ok = false;
    try {
      const results = await work.run(
        taken.map(({ request }) => request),
        {
          signal: controller.signal,
          onStep: (progress) => {
            for (const one of taken) if (running.has(one)) one.onStep?.(progress);
          },
        },
      );
      ok = true;
      for (const [i, one] of taken.entries()) one.resolve(results[i]);
    } catch (error) {
      for (const one of taken) one.reject(error);
    }
    running.clear();
    const seconds = (performance.now() - started) / 1000;
    if (ok) {
      const share = secondsPerCost === 0 ? 1 : 0.3;
      secondsPerCost += share * (seconds / cost - secondsPerCost);
    }
    onRun?.({ requests: taken.length, rows, seconds, ok });
  }

  async function runAll(): Promise<void> {
    while (waiting.length > 0) await runNext();
    active = false;
  }

  /** Starts the runs after the caller's turn, so that requests of one moment share a run. */
  function start(): void {
    if (active) return;
    active = true;
    finished = new Promise<void>((done) => setImmediate(done)).then(runAll);
  }

  /** Takes a request out of the queue, or out of its run. */
  function leave(one: Waiting<Request, Result>): void {
    const at = waiting.indexOf(one);
    if (at >= 0) waiting.splice(at, 1);
    if (running.delete(one) && running.size === 0) current.abort(one.signal.reason);
    one.reject(one.signal.reason);
  }

  return {
    /** Requests that wait. */
    get waiting(): number {
      return waiting.length;
    },
    secondsToWait,
    /**
     * The result of a request. It rejects with the signal's reason.
     * @throws ServerError 429 when the queue is full, 503 when it stops.
     */
    add(
      request: Request,
      { signal, onStep }: Pick<Waiting<Request, Result>, "signal" | "onStep">,
    ): Promise<Result> {
      if (stopping) throw stopped();
      if (waiting.length >= capacity) throw full(secondsToWait());
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const one = { request, signal, onStep, resolve, reject };
        waiting.push(one);
        signal.addEventListener("abort", () => leave(one), { once: true });
        start();
      });
    },
    /** Refuses what waits and what comes, and gives the run under way some seconds to end. */
    async stop(seconds: number): Promise<void> {
      stopping = true;
      for (const one of waiting.splice(0)) one.reject(stopped());
      const timer = setTimeout(() => current.abort(stopped()), 1000 * seconds);
      await finished;
      clearTimeout(timer);
    },
  };
}

const stopped = () =>
  new ServerError(503, "stopping", "the server stops; send the request to another, or later", {
    retryAfter: 5,
  });

const full = (retryAfter: number) =>
  new ServerError(429, "queue_full", `the queue is full; try again in ${retryAfter} s`, {
    retryAfter,
  });
