/*
 * A job at a worker: whether the worker can compute it, and one part of it after another.
 *
 *   take a part, hold its lock -> compute -> write into the store -> count it -> tell BullMQ
 *
 * A worker that dies loses its lock, and another computes the part again. The result is the same, so
 * that it does not matter which of the two is kept. A part that is counted is not computed again.
 */
import { randomUUID } from "node:crypto";
import { GenError } from "@gen/math";
import type { Job as BullJob, Worker } from "bullmq";
import { isReply } from "./connect.ts";
import { fetchInput, type InputPlaces } from "./inputs.ts";
import { type JobEntry, readJob } from "./job.ts";
import { WorkerFault } from "./patient-store.ts";
import { indexOf, type Part, type Plan, partAt, partSize } from "./plan.ts";
import { partsInside } from "./queue-parts.ts";
import { encodeResult, rowsOf, writeResult } from "./results.ts";
import type { OpenJob, WorkEvent, WorkOptions } from "./work-options.ts";

/** Workers that may die with a part before it is set aside. */
const DEATHS = 10;

/** The longest reason that Redis keeps of a part. */
const REASON = 1000;

/** Milliseconds between two words on how far a part is. */
const PROGRESS_MS = 200;

/** What stations of a worker share. */
export interface Workplace
  extends Pick<WorkOptions, "queue" | "kinds" | "version" | "backend">,
    InputPlaces {
  readonly name: string;
  readonly lease: number;
  readonly signal: AbortSignal;
  readonly tell: (event: WorkEvent) => void;
}

/** A job at a worker. */
export type Station = ReturnType<typeof station>;

/** Why a worker cannot compute a job, or undefined. */
function refusalOf(
  entry: JobEntry,
  { kinds, version, backend }: Workplace,
  pinned: string | undefined,
): string | undefined {
  const { id, kind } = entry;
  if (entry.version !== version)
    return `job ${id} is of version ${entry.version}, and this worker is ${version}: install the same version`;
  if (!Object.hasOwn(kinds, kind))
    return `job ${id} is of kind ${kind}, which this worker does not know`;
  const { backends } = entry;
  if (backends.includes(backend.name)) return undefined;
  const also = "submit with --backends to let several share a job";
  if (!backends.includes(backend.asked))
    return `job ${id} is for ${backends.join(", ")}, and this worker has ${backend.name}; ${also}`;
  if (pinned === undefined || pinned === backend.name) return undefined;
  return `job ${id} was begun on ${pinned}, and this worker has ${backend.name}; ${also}`;
}

/** Opens a job at a worker. */
export function station(entry: JobEntry, place: Workplace) {
  const { store, backend, version, name, lease, signal, tell } = place;
  const { id } = entry;
  const queue = partsInside(place.queue);
  let worker: Worker<Part> | undefined;
  let open: OpenJob | undefined;
  let state: "open" | "over" | "refused" = "open";
  let plan: Plan | undefined;
  /** Whether the queue had no part for this worker. */
  let isHungry = true;

  async function begin(): Promise<Worker<Part>> {
    const made = new queue.libraries.Worker<Part>(id, undefined, {
      ...{ connection: queue.redis, prefix: place.queue.name, name },
      ...{ lockDuration: 1000 * lease, stalledInterval: 500 * lease, maxStalledCount: DEATHS - 1 },
    });
    made.on("error", () => undefined);
    await made.startStalledCheckTimer();
    return made;
  }

  async function load(): Promise<OpenJob> {
    const at = new Map<string, string>();
    const job = await readJob(store, id).catch(refused);
    if (job.kind !== entry.kind || job.count !== entry.count)
      throw new Refusal("usage", `job ${id} is another in this store than in the queue`);
    for (const [path, input] of Object.entries(job.inputs))
      at.set(path, await fetchInput(path, input, place).catch(refused));
    return place.kinds[job.kind](job, at);
  }

  async function free(): Promise<void> {
    const old = open;
    open = undefined;
    await old?.close().catch(() => undefined);
  }

  /** Computes a part and writes it; after the first, plans the others. */
  async function compute(
    index: number,
    part: Part,
    { stop, onProgress }: { stop: AbortSignal; onProgress: (items: number) => void },
  ) {
    open ??= await load();
    const drawn = open;
    const once = async (range: Part) => {
      const began = performance.now();
      const before = range.from - part.from;
      const result = await drawn.draw(range, stop, (items) => onProgress(before + items));
      const seconds = (performance.now() - began) / 1000;
      const file = encodeResult(result, { worker: name, backend: backend.name, version, seconds });
      await writeResult(store, id, range.from, file);
      return { items: rowsOf(result), bytes: file.length, seconds };
    };
    if (index > 0) {
      const found = await once(part);
      if (found.items === part.to - part.from) return found;
      throw new GenError("invalid-data", `the part has ${found.items} items, not its own`);
    }
    const first = await once({ from: 0, to: 1 });
    const { items: batch } = first;
    const second = batch < entry.count ? await once({ from: batch, to: batch + 1 }) : undefined;
    const done = batch + (second?.items ?? 0);
    const size = partSize(entry, { ...(second ?? first), done, batch });
    plan = await queue.keepPlan(entry, { first: done, size, backend: backend.name });
    return { items: plan?.first ?? done, seconds: first.seconds + (second?.seconds ?? 0) };
  }

  /** The number of a part and its range. @throws UnrecoverableError when the job has no such part. */
  async function placeOf({ from, to }: Part): Promise<{ index: number; part: Part }> {
    if (from === 0) return { index: 0, part: { from, to: 1 } };
    // Another worker may just have measured the first part, on another backend.
    plan ??= await readPlan();
    const index = plan && indexOf(entry.count, plan, { from, to });
    if (plan && index) return { index, part: partAt(entry.count, plan, index) };
    throw new queue.libraries.UnrecoverableError("the job has no such part");
  }

  /** The plan, once there is one. @throws Refusal when this worker cannot compute the job. */
  async function readPlan(): Promise<Plan | undefined> {
    const found = await queue.plan(entry).catch(refused);
    const reason = refusalOf(entry, place, found?.backend);
    if (reason !== undefined) throw new Refusal("usage", reason);
    return found;
  }

  /** Holds a part's lock until `end`, and says when it is lost. */
  function hold(part: BullJob<Part>, token: string) {
    const lost = new AbortController();
    let busy = false;
    const timer = setInterval(
      async () => {
        if (busy) return;
        busy = true;
        // While Redis is away, this waits.
        const held = await part.extendLock(token, 1000 * lease).catch(() => 0);
        if (!held) lost.abort(new GenError("interrupted", "the part was given to another worker"));
        busy = false;
      },
      Math.min(2000, (1000 * lease) / 3),
    );
    return { lost: lost.signal, end: () => clearInterval(timer) };
  }

  async function run(job: BullJob<Part>, token: string): Promise<void> {
    const { data } = job;
    const { lost, end } = hold(job, token);
    const stop = AbortSignal.any([lost, signal]);
    try {
      const { index, part } = await placeOf(data);
      // Its worker died before it told BullMQ.
      const isDone = await queue.tally.has(id, index);
      if (job.deferredFailure && !isDone)
        throw new queue.libraries.UnrecoverableError(`its workers died, ${DEATHS} times`);
      const { items, seconds } = isDone
        ? { items: 0, seconds: 0 }
        : await compute(index, part, { stop, onProgress: progressOf(job) });
      const record = { worker: name, backend: backend.name, version, seconds };
      const isOurs = !isDone && (await queue.tally.add(id, { index, items, record }));
      // What another worker told first needs no second word.
      await job.moveToCompleted(null, token, false).catch(() => undefined);
      if (isOurs) tell({ event: "part", job: id, part: data, items, seconds });
      else tell({ event: "lost", job: id, part: data });
    } catch (error) {
      if (lost.aborted) return tell({ event: "lost", job: id, part: data });
      if (signal.aborted || error instanceof WorkerFault || error instanceof Refusal) {
        await job.moveToWait(token).catch(() => undefined);
        if (error instanceof Refusal) refuse(error.message);
        if (error instanceof WorkerFault && !signal.aborted) throw error;
        return;
      }
      // The model may be the fault's cause, or its victim.
      await free();
      const failure = error instanceof Error ? error : new Error(String(error));
      const { message: reason } = failure;
      failure.message = reason.slice(0, REASON);
      tell({ event: "failed", job: id, part: data, reason: failure.message });
      await job.moveToFailed(failure, token, false).catch(() => undefined);
    } finally {
      end();
    }
  }

  function refuse(reason: string): void {
    state = "refused";
    tell({ event: "refused", job: id, reason });
  }

  return {
    get state() {
      return state;
    },
    /** How often the job was tried again when this worker first looked at it. */
    retries: entry.retries ?? 0,
    /** Takes a part, where there is one. Whether to look again at once. */
    async next(): Promise<boolean> {
      try {
        plan ??= await readPlan();
        if (isHungry && (await queue.refill(entry, plan).catch(damaged)) === "over") {
          state = "over";
          return false;
        }
        worker ??= await begin();
        const token = randomUUID();
        const wasHungry = isHungry;
        const job = await worker.getNextJob(token, { block: false }).catch(damaged);
        isHungry = job === undefined;
        if (job) await run(job, token);
        return job !== undefined || !wasHungry;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refuse(error.message);
        return false;
      }
    },
    free,
    async close(): Promise<void> {
      await free();
      await worker?.close(true).catch(() => undefined);
    },
  };
}

/** Tells the queue how far a part is, a few times a second. */
function progressOf(part: BullJob<Part>): (items: number) => void {
  let latest = 0;
  return (items) => {
    if (performance.now() - latest < PROGRESS_MS) return;
    latest = performance.now();
    void part.updateProgress(items).catch(() => undefined);
  };
}

/** A job whose files do not fit this worker. Another may compute it. */
class Refusal extends GenError {}

/** What is in Redis and was not written by this package or by BullMQ. */
function damaged(error: unknown): never {
  if (!(error instanceof SyntaxError || isReply(error, "WRONGTYPE"))) throw error;
  const { message } = error as Error;
  throw new Refusal("usage", `its parts in Redis are damaged: ${message}`, { cause: error });
}

/** What a worker's own disk fails by. Of all else, the job's files are the cause. */
const DISK = ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "EMFILE", "ENFILE"];

/** What the job's files at this worker failed by: its store, its disk, or the files themselves. */
function refused(error: unknown): never {
  if (error instanceof WorkerFault) throw error;
  const { message, code = "" } = error as NodeJS.ErrnoException;
  if (!DISK.includes(code)) throw new Refusal("usage", message, { cause: error });
  throw new WorkerFault("unreachable", `the model cannot be kept: ${message}`, { cause: error });
}
