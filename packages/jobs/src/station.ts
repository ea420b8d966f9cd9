/*
 * A job at a worker: whether the worker can compute it, and one part of it after another.
 *
 *   take a part, hold its lock -> compute -> write into the store -> say that it is done
 *
 * A worker that dies loses its lock, and another computes the part again. The result is the same, so
 * that it does not matter which of the two is kept.
 */
import { randomUUID } from "node:crypto";
import { GenError } from "@gen/math";
import type { Worker } from "bullmq";
import { fetchInput, type InputPlaces } from "./inputs.ts";
import { type JobEntry, readJob } from "./job.ts";
import { WorkerFault } from "./patient-store.ts";
import { type Part, partSize } from "./plan.ts";
import { partsInside } from "./queue-parts.ts";
import { encodeResult, hasResult, type PartRecord, rowsOf, writeResult } from "./results.ts";
import type { PartJob } from "./status.ts";
import type { OpenJob, WorkEvent, WorkOptions } from "./work-options.ts";

/** Workers that may die with a part before it is set aside. */
const DEATHS = 10;

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
  let worker: Worker<Part, PartRecord> | undefined;
  let open: OpenJob | undefined;
  let state: "open" | "over" | "refused" = "open";
  let planned = false;

  async function begin(): Promise<Worker<Part, PartRecord>> {
    const made = new queue.libraries.Worker<Part, PartRecord>(id, undefined, {
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

  /** Computes a part, writes it, and plans the others after the first. */
  async function compute(
    part: Part,
    isAgain: boolean,
    { stop, onProgress }: { stop: AbortSignal; onProgress: (items: number) => void },
  ) {
    if (isAgain && part.from > 0 && (await hasResult(store, id, part)))
      return { items: part.to - part.from, seconds: 0 };
    open ??= await load();
    const drawn = open;
    const once = async (range: Part) => {
      const began = performance.now();
      const before = range.from - part.from;
      const result = await drawn.draw(range, stop, (items) => onProgress(before + items));
      const seconds = (performance.now() - began) / 1000;
      const record = { worker: name, backend: backend.name, version, seconds };
      await writeResult(store, id, range.from, encodeResult(result, record));
      return { items: rowsOf(result), seconds };
    };
    const first = await once(part);
    if (part.from > 0) return first;
    const { items: batch } = first;
    let all = first;
    if (batch < entry.count) {
      const second = await once({ from: batch, to: batch + 1 });
      all = { items: batch + second.items, seconds: second.seconds };
    }
    const measured = { done: all.items, batch, seconds: all.seconds };
    const size = partSize(entry, measured);
    await queue.addKnownParts(entry, { first: all.items, size, backend: backend.name });
    return { items: all.items, seconds: first.seconds + (all === first ? 0 : all.seconds) };
  }

  /** Holds a part's lock until `end`, and says when it is lost. */
  function hold(part: PartJob, token: string) {
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

  async function run(part: PartJob, token: string): Promise<void> {
    const { data } = part;
    const { lost, end } = hold(part, token);
    const stop = AbortSignal.any([lost, signal]);
    try {
      if (part.deferredFailure)
        throw new queue.libraries.UnrecoverableError(`its workers died, ${DEATHS} times`);
      const isAgain = part.attemptsStarted > 1 || part.stalledCounter > 0;
      const onProgress = progressOf(part);
      const { items, seconds } = await compute(data, isAgain, { stop, onProgress });
      const record = { worker: name, backend: backend.name, version, seconds };
      // What another worker finished first needs no second word.
      const isOurs = await part.moveToCompleted(record, token, false).then(
        () => true,
        () => false,
      );
      if (isOurs) tell({ event: "part", job: id, part: data, items, seconds });
      else tell({ event: "lost", job: id, part: data });
    } catch (error) {
      if (lost.aborted) return tell({ event: "lost", job: id, part: data });
      if (signal.aborted || error instanceof WorkerFault || error instanceof Refusal) {
        await part.moveToWait(token).catch(() => undefined);
        if (error instanceof Refusal) refuse(error.message);
        if (error instanceof WorkerFault && !signal.aborted) throw error;
        return;
      }
      // The model may be the fault's cause, or its victim.
      await free();
      const failure = error instanceof Error ? error : new Error(String(error));
      tell({ event: "failed", job: id, part: data, reason: failure.message });
      await part.moveToFailed(failure, token, false).catch(() => undefined);
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
    /** Whether a part was taken. */
    async next(): Promise<boolean> {
      if (!planned) {
        const plan = await queue.addKnownParts(entry);
        planned = plan !== undefined;
        const reason = refusalOf(entry, place, plan?.backend);
        if (reason !== undefined) {
          refuse(reason);
          return false;
        }
      }
      worker ??= await begin();
      const token = randomUUID();
      const part = await worker.getNextJob(token, { block: false });
      if (part) await run(part as PartJob, token);
      else if (await queue.isOver(id)) {
        // The first part may have been set aside, and then there is no plan.
        state = "over";
      }
      return part !== undefined;
    },
    free,
    async close(): Promise<void> {
      await free();
      await worker?.close(true).catch(() => undefined);
    },
  };
}

/** Tells the queue how far a part is, a few times a second. */
function progressOf(part: PartJob): (items: number) => void {
  let latest = 0;
  return (items) => {
    if (performance.now() - latest < PROGRESS_MS) return;
    latest = performance.now();
    void part.updateProgress(items).catch(() => undefined);
  };
}

/** A job whose files do not fit this worker. Another may compute it. */
class Refusal extends GenError {}

/** What the job's files at this worker failed by: its store, its disk, or the files themselves. */
function refused(error: unknown): never {
  if (error instanceof WorkerFault) throw error;
  const { message, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) throw new Refusal("usage", message, { cause: error });
  throw new WorkerFault("unreachable", `the model cannot be kept: ${message}`, { cause: error });
}
