import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { usageError } from "../errors.ts";
import { readBounded, sweep, writableFolder } from "../files.ts";
import type { Trained } from "../train-model.ts";
import { lastLosses } from "../training-command.ts";
import { dropTraining } from "../training-folder.ts";

/** The file of a quickstart's numbers, which also marks its folder. */
export const reportFile = "report.json";
const reportLimit = 2 ** 24;
const folders = ["vae", "latent-ddpm", "pixel-ddpm"];

/** What report.json says. */
export interface Report {
  complete: boolean;
  readonly seed: number;
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

/**
 * What the report of an earlier run says, where there is one to go on with.
 * @throws GenError `usage` when the folder holds something else, or a run with other settings.
 */
export async function claimQuickstart(
  out: string,
  { seed, effort, force }: Pick<Report, "seed" | "effort"> & { readonly force: boolean },
): Promise<Report | undefined> {
  await writableFolder(out);
  await sweep(out);
  if (force) {
    for (const folder of folders) await dropTraining(join(out, folder), {});
    return undefined;
  }
  const bytes = await readBounded(join(out, reportFile), reportLimit);
  if (!bytes) {
    const there = await readdir(out).catch(() => []);
    if (there.length === 0) return undefined;
    throw usageError(
      `--out ${out} is not empty and holds no quickstart; choose another folder or pass --force`,
    );
  }
  const report = reportIn(bytes);
  if (!report) throw usageError(`${join(out, reportFile)} is damaged; pass --force to begin anew`);
  if (report.seed === seed && report.effort === effort) return report;
  throw usageError(
    `--out ${out} holds a quickstart of seed ${report.seed} and effort ${report.effort}, got ${seed} and ${effort}; choose another folder or pass --force`,
  );
}

function reportIn(bytes: Uint8Array): Report | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) ?? undefined;
  } catch {
    return undefined;
  }
}

/** What the report says of a training. */
export const summary = ({ record, reused }: Trained) => ({
  steps: record.step,
  seconds: record.seconds,
  msPerStep: (1000 * record.seconds) / record.step,
  losses: lastLosses(record.history.losses),
  reused,
});
