/* The work of `gen jobs work`: a worker, until Ctrl-C or until no job is left. */
import { resolve } from "node:path";
import { type WorkEvent, work } from "@gen/jobs";
import { usageError } from "../errors.ts";
import { fetchedFolder } from "../fetched-models.ts";
import { type JobsOptions, withQueue } from "../jobs-queue.ts";
import { lazyBackend } from "../lazy-backend.ts";
import { duration, interruptSignal, note, oneLine, print } from "../terminal.ts";
import { version } from "../versions.ts";
import { jobKinds } from "./jobs-kinds.ts";

export interface WorkerOptions extends JobsOptions {
  readonly backend: string;
  readonly model?: string;
  readonly cache?: string;
  readonly name?: string;
  readonly drain: boolean;
  readonly lease: number;
  readonly patience: number;
}

/** Runs `gen jobs work`. */
export async function runWork(options: WorkerOptions): Promise<void> {
  const signal = interruptSignal("giving the part under way back");
  await withQueue(options, async ({ queue, store }) => {
    const lazy = lazyBackend(options.backend);
    try {
      const backend = { asked: options.backend, name: (await lazy.open()).name };
      note(`takes parts of queue ${queue.name} on ${backend.name}; Ctrl-C gives its part back`);
      const { parts, items, refused } = await work({
        ...{ queue, store, backend, signal, version: version() },
        ...{ drain: options.drain, lease: options.lease, patience: options.patience },
        ...(options.name !== undefined && { name: options.name }),
        ...(options.model !== undefined && { models: [options.model] }),
        kinds: jobKinds(lazy, signal),
        cache: resolve(options.cache ?? fetchedFolder()),
        onEvent: log,
      });
      // A worker that had nothing but what it refused did not do what it was started for.
      if (options.drain && parts === 0 && refused.length > 0) throw usageError(refused[0]);
      print(options.json, { parts, items, refused, backend: backend.name }, [
        `${parts} ${parts === 1 ? "part is" : "parts are"} done, with ${items} items`,
      ]);
    } finally {
      await lazy.reset();
    }
  });
}

/** The refusals that were printed. */
const refusals = new Set<string>();

/** Prints what a worker does. */
function log(event: WorkEvent): void {
  const text = textOf(event);
  if (event.event === "refused") {
    if (refusals.has(text)) return;
    refusals.add(text);
  }
  note(oneLine(text));
}

function textOf({ event, job, part, items, seconds = 0, reason = "" }: WorkEvent): string {
  if (event === "refused") return reason;
  if (event === "waiting") return `the store fails, and is tried again: ${reason}`;
  const at = `job ${job}: the part of item ${part?.from}`;
  if (event === "failed") return `${at} failed: ${reason}`;
  if (event === "lost") return `${at} was done by another worker, or canceled`;
  return `${at} is done, ${items} items in ${duration(seconds)}`;
}
