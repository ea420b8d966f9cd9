import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Backend } from "@gen/runtime-gpu";
import { writeWhole } from "../files.ts";
import type { Trained } from "../train-model.ts";
import { versions } from "../versions.ts";
import { type Report, reportFile } from "./report.ts";
import type { Effort } from "./settings.ts";

/** What a run of the quickstart is about. */
export interface RunOptions extends Effort {
  readonly out: string;
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly force: boolean;
  /** The report of the run that this one goes on with. */
  readonly before: Report | undefined;
}

/** A run of the quickstart: what it writes, and how long its phases take. */
export interface Run extends RunOptions {
  readonly report: Report;
  /** Runs and times a phase, unless Ctrl-C came before it. */
  timed<R>(phase: string, work: () => Promise<R>): Promise<R>;
  /** Writes the report as it is now. */
  save(): Promise<Report>;
  /** Writes a picture into the folder. */
  picture(file: string, bytes: Uint8Array): Promise<void>;
  /** Whether all of these pictures are there, made from what is there now. */
  isThere(models: readonly Trained[], ...pictures: string[]): boolean;
}

/** Starts a run with an empty report. */
export function startRun(options: RunOptions): Run {
  const { out, seed, effort, backend, signal, before } = options;
  const report: Report = {
    complete: false,
    seed,
    effort,
    backend: backend.name,
    versions: versions(),
  };
  const phases: Record<string, number> = { ...before?.seconds };
  return {
    ...options,
    report,
    async timed(phase, work) {
      if (signal.aborted) throw signal.reason;
      const from = performance.now();
      const result = await work();
      // A training counts with all its runs, also those that are reused.
      const { record } = result as Partial<Trained>;
      phases[phase] = record ? record.seconds : (performance.now() - from) / 1000;
      return result;
    },
    async save() {
      const maxRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
      const all = { ...report, seconds: phases, maxRssMiB };
      await writeWhole(join(out, reportFile), `${JSON.stringify(all, null, 2)}\n`);
      return all;
    },
    picture: (file, bytes) => writeWhole(join(out, file), bytes),
    isThere: (models, ...pictures) =>
      before?.complete === true &&
      before.backend === backend.name &&
      models.every(({ reused }) => reused) &&
      pictures.every((file) => existsSync(join(out, file))),
  };
}
