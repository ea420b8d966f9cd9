import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Backend } from "@gen/runtime-gpu";
import { replaceFile } from "../atomic-files.ts";
import { usageError } from "../errors.ts";
import { parseJson, readInside, sweep } from "../files.ts";
import { isUnused } from "../folder-lock.ts";
import { dropTraining } from "../save-training.ts";
import type { Trained } from "../train-model.ts";
import { lastLosses } from "../training-record.ts";
import { versions } from "../versions.ts";

/** The file of a quickstart's numbers, which also marks its folder. */
export const reportFile = "report.json";
const folders = ["vae", "latent-ddpm", "pixel-ddpm"];

/** The content of report.json. */
export interface Report {
  complete: boolean;
  readonly seed: number;
  /** Training steps as a multiple of the default. */
  readonly effort: number;
  readonly backend: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly seconds?: Readonly<Record<string, number>>;
  vae?: Summary & Readonly<Record<"testElboNats" | "reconstructionNats" | "klNats", number>>;
  latentDdpm?: Summary;
  pixelDdpm?: Summary;
  sampling?: Readonly<Record<string, { readonly steps: number; readonly seconds: number }>>;
}

type Summary = ReturnType<typeof summary>;

/** The part of the report about a training. */
export const summary = ({ record, reused }: Trained) => ({
  steps: record.step,
  seconds: record.seconds,
  msPerStep: (1000 * record.seconds) / record.step,
  losses: lastLosses(record.history),
  reused,
});

/**
 * The report of an earlier run in the folder, if there is one to continue.
 * @throws GenError `usage` when the folder holds something else, or a run with other settings.
 */
export async function claimQuickstart(
  out: string,
  { seed, effort, force }: Pick<Report, "seed" | "effort"> & { readonly force: boolean },
): Promise<Report | undefined> {
  await sweep(out);
  if (force) {
    for (const folder of folders) await dropTraining(join(out, folder), {});
    return undefined;
  }
  const bytes = await readInside(out, reportFile, 2 ** 24);
  if (!bytes) {
    if (await isUnused(out)) return undefined;
    throw usageError(
      `--out ${out} is not empty and holds no quickstart; choose another folder or pass --force`,
    );
  }
  const report = parseJson<Report | null>(bytes);
  if (!report) throw usageError(`${join(out, reportFile)} is damaged; pass --force to start again`);
  if (report.seed === seed && report.effort === effort) return report;
  throw usageError(
    `--out ${out} holds a quickstart of seed ${report.seed} and effort ${report.effort}, got ${seed} and ${effort}; choose another folder or pass --force`,
  );
}

/** A run of the quickstart: its settings, its report, and what writes its files. */
export type Run = ReturnType<typeof startRun>;

/** Starts a run with an empty report. `before` is the report of the run that it continues. */
export function startRun(
  options: Pick<Report, "seed" | "effort"> & {
    readonly out: string;
    readonly backend: Backend;
    readonly signal: AbortSignal;
    readonly force: boolean;
    readonly saveEvery: number;
    readonly before: Report | undefined;
  },
) {
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
    /** Runs and times a phase, unless Ctrl-C came before it. */
    async timed<R>(phase: string, work: () => Promise<R>): Promise<R> {
      if (signal.aborted) throw signal.reason;
      const from = performance.now();
      const result = await work();
      // The time of a training is that of all its runs, reused ones too.
      const { record } = result as Partial<Trained>;
      phases[phase] = record ? record.seconds : (performance.now() - from) / 1000;
      return result;
    },
    /** Writes the report as it is now. */
    async save() {
      const maxRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
      const all = { ...report, seconds: phases, maxRssMiB };
      await replaceFile(join(out, reportFile), `${JSON.stringify(all, null, 2)}\n`);
      return all;
    },
    /** Writes a picture into the folder. */
    picture: (file: string, bytes: Uint8Array) => replaceFile(join(out, file), bytes),
    /** Whether all of these pictures exist, made from the models as they are now. */
    hasPictures: (models: readonly Trained[], ...pictures: string[]) =>
      before?.complete === true &&
      before.backend === backend.name &&
      models.every(({ reused }) => reused) &&
      pictures.every((file) => existsSync(join(out, file))),
  };
}
