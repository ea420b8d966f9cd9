/*
 * A worker: takes a part of the first job that it can compute, again and again.
 */
import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import { checkOptions, rules } from "@gen/math/arguments";
import { describeInput } from "./inputs.ts";
import type { JobEntry } from "./job.ts";
import { patientStore } from "./patient-store.ts";
import { announce } from "./presence.ts";
import { partsInside } from "./queue-parts.ts";
import { type Station, station, type Workplace } from "./station.ts";
import type { WorkEvent, WorkOptions } from "./work-options.ts";

/** Milliseconds between two looks at a queue without work, of which a server's client waits half. */
const IDLE_MS = 100;

/** What a worker did. */
export interface Worked {
  /** Parts that it finished. */
  readonly parts: number;
  /** Items in them. */
  readonly items: number;
  /** Why it left jobs to others, one line each. */
  readonly refused: readonly string[];
}

/**
 * Computes parts of a queue's jobs, those of the highest priority first, until the signal aborts, or
 * until none is left with `drain`. A part that fails is tried three times, by any worker; then it is
 * set aside, and the others go on.
 *
 * `await work({ queue, store, kinds, version: "1.0.0", backend: { asked: "cpu", name: "cpu" }, cache })`
 *
 * @param options The queue, the store, and what this worker can compute.
 * @throws GenError `unreachable` when the store failed for longer than `patience`, or the disk of the
 * cache is full. The part under way is given back first.
 */
export async function work(options: WorkOptions): Promise<Worked> {
  checkOptions(options, {
    queue: rules.OBJECT,
    store: rules.having("a store", { write: rules.FUNCTION, read: rules.FUNCTION }),
    kinds: rules.OBJECT,
    version: rules.TEXT,
    backend: rules.having("{ asked, name }", { asked: rules.TEXT, name: rules.TEXT }),
    cache: rules.TEXT,
    name: rules.optional(rules.TEXT),
    models: rules.optional(rules.listOf(rules.TEXT)),
    drain: rules.optional(rules.FLAG),
    lease: rules.optional(rules.POSITIVE_FINITE),
    patience: rules.optional(rules.NOT_NEGATIVE),
    onEvent: rules.optional(rules.FUNCTION),
  });
  const { queue, kinds, version, backend, cache, models = [], drain = false } = options;
  const { name = `${hostname()}-${process.pid}`, lease = 30, patience = 60, onEvent } = options;
  const signal = (options.signal ?? new AbortController().signal) as AbortSignal;
  const done = { parts: 0, items: 0, refused: [] as string[] };
  const tell = (event: WorkEvent) => {
    if (event.event === "part") {
      done.parts++;
      done.items += event.items ?? 0;
    } else if (event.event === "refused") done.refused.push(event.reason ?? "");
    onEvent?.(event);
  };
  const own = new Map<string, string>();
  for (const path of models) own.set((await describeInput(path)).sha256, path);
  const onWait = (error: unknown, seconds: number) =>
    tell({ event: "waiting", seconds, reason: (error as Error).message });
  const store = patientStore(options.store, { seconds: patience, signal, onWait });
  const place: Workplace = {
    ...{ queue, kinds, version, backend, store, cache, own, name, lease, signal, tell },
  };
  const inside = partsInside(queue);
  await announce(inside.redis, queue.name, { name, version, backend });
  const stations = new Map<string, Station>();
  let [entries, readAt]: [JobEntry[], number] = [[], Number.NEGATIVE_INFINITY];
  const foreign = new Set<string>();
  const onForeign = (id: string, error: unknown) => {
    if (foreign.has(id)) return;
    foreign.add(id);
    tell({ event: "refused", job: id, reason: (error as Error).message });
  };
  let latest: Station | undefined;
  try {
    while (!signal.aborted) {
      // Short parts do not read the list of jobs each time.
      if (performance.now() - readAt >= IDLE_MS) {
        entries = await inside.entries(onForeign);
        readAt = performance.now();
        await closeOthers(stations, entries, inside.forget);
      }
      let taken = false;
      for (const entry of entries) {
        const at = stations.get(entry.id) ?? station(entry, place);
        stations.set(entry.id, at);
        if (at.state !== "open") continue;
        // One model at a time is in memory.
        if (at !== latest) await latest?.free();
        latest = at;
        taken = await at.next();
        if (at.state !== "open") await at.close();
        if (taken || signal.aborted) break;
      }
      if (taken || signal.aborted) continue;
      if (drain && entries.every(({ id }) => stations.get(id)?.state !== "open")) break;
      await setTimeout(IDLE_MS, undefined, { signal }).catch(() => undefined);
      readAt = Number.NEGATIVE_INFINITY;
    }
  } finally {
    for (const at of stations.values()) await at.close();
  }
  return done;
}

/** Closes what a worker had open of jobs that are gone, or are tried again. */
async function closeOthers(
  stations: Map<string, Station>,
  entries: readonly JobEntry[],
  forget: (id: string) => Promise<void>,
) {
  const known = new Map(entries.map((entry) => [entry.id, entry]));
  for (const [id, at] of stations) {
    const entry = known.get(id);
    if (entry && (at.state === "open" || at.retries === (entry.retries ?? 0))) continue;
    await at.close();
    await forget(id);
    stations.delete(id);
  }
}
