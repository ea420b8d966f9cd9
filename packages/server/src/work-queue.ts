/*
 * Work that waits its turn. Requests that fit together share a run:
 *
 *   waiting: a b C a      first run: a b a      second run: C
 *
 * Requests fit together when their keys are equal. The oldest request always runs next, so that none
 * waits for ever. One run is under way at a time, or several where the work is done elsewhere. A
 * request leaves when its signal aborts; a run that all have left is stopped.
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
  /** Runs that may be under way now. */
  runs(): number;
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

/** A run under way. */
interface Run<Request, Result> {
  /** The requests that have not left. */
  readonly members: Set<Waiting<Request, Result>>;
  readonly controller: AbortController;
  readonly finished: Promise<void>;
}

/** A queue of requests. */
export type WorkQueue<Request, Result> = ReturnType<typeof workQueue<Request, Result>>;

/** Makes a queue that runs `work`. */
export function workQueue<Request, Result>(
  work: Work<Request, Result>,
  { capacity, most, onRun }: QueueOptions,
) {
  const waiting: Waiting<Request, Result>[] = [];
  const runs = new Set<Run<Request, Result>>();
  let [stopping, starting] = [false, false];
  // The mean time of a unit of cost; the last runs count most.
  let secondsPerCost = 0;

  const costOf = (list: Iterable<Waiting<Request, Result>>) =>
    Array.from(list, ({ request }) => work.cost(request)).reduce((a, b) => a + b, 0);

  /** Seconds until a new request would begin, at least 1. */
  const secondsToWait = () => {
    const running = [...runs].flatMap(({ members }) => [...members]);
    const seconds = (secondsPerCost * costOf([...running, ...waiting])) / Math.max(1, work.runs());
    return Math.min(3600, Math.max(1, Math.ceil(seconds)));
  };

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

  async function runNext(
    taken: readonly Waiting<Request, Result>[],
    { members, controller }: Pick<Run<Request, Result>, "members" | "controller">,
  ): Promise<void> {
    const rows = taken.reduce((sum, { request }) => sum + work.rows(request), 0);
    const cost = costOf(taken);
    const started = performance.now();
    let ok = false;
    try {
      const results = await work.run(
        taken.map(({ request }) => request),
        {
          signal: controller.signal,
          onStep: (progress) => {
            for (const one of members) one.onStep?.(progress);
          },
        },
      );
      ok = true;
      for (const [i, one] of taken.entries()) one.resolve(results[i]);
    } catch (error) {
      for (const one of taken) one.reject(error);
    }
    const seconds = (performance.now() - started) / 1000;
    if (ok) {
      const share = secondsPerCost === 0 ? 1 : 0.3;
      secondsPerCost += share * (seconds / cost - secondsPerCost);
    }
    onRun?.({ requests: taken.length, rows, seconds, ok });
  }

  /** Begins as many runs as may be under way. */
  function begin(): void {
    while (waiting.length > 0 && runs.size < Math.max(1, work.runs())) {
      const taken = takeRun();
      const made = { members: new Set(taken), controller: new AbortController() };
      const finished = runNext(taken, made).then(() => {
        runs.delete(run);
        begin();
      });
      const run = { ...made, finished };
      runs.add(run);
    }
  }

  /** Begins runs after the caller's turn, so that requests of one moment share a run. */
  function start(): void {
    if (starting) return;
    starting = true;
    setImmediate(() => {
      starting = false;
      begin();
    });
  }

  /** Takes a request out of the queue, or out of its run. */
  function leave(one: Waiting<Request, Result>): void {
    const at = waiting.indexOf(one);
    if (at >= 0) waiting.splice(at, 1);
    for (const { members, controller } of runs)
      if (members.delete(one) && members.size === 0) controller.abort(one.signal.reason);
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
    /** Refuses what waits and what comes, and gives the runs under way some seconds to end. */
    async stop(seconds: number): Promise<void> {
      stopping = true;
      for (const one of waiting.splice(0)) one.reject(stopped());
      const timer = setTimeout(() => {
        for (const { controller } of runs) controller.abort(stopped());
      }, 1000 * seconds);
      await Promise.all(Array.from(runs, ({ finished }) => finished));
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
