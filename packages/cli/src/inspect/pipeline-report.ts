import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { defaultSampler, schedulerNotes } from "@gen/sampling";
import { readSchedulerConfig, type SchedulerConfig } from "@gen/schedules";
import { errorLine, naming, usageError } from "../errors.ts";
import { folderReaders } from "../model-folder.ts";
import { type InspectOptions, type ModelReport, modelReport } from "./model-report.ts";

/** What `gen inspect` says of a scheduler. */
export interface SchedulerReport {
  readonly className: string;
  readonly timesteps: number;
  readonly predicts: string;
  /** How the betas rise; null for a flow, which has none, and whose steps are not spaced in them. */
  readonly betas: string | null;
  readonly spacing: string | null;
  readonly clip: number | null;
  /** The default sampler of `gen sample`. */
  readonly sampler: string;
  readonly notes: readonly string[];
}

/** What `gen inspect` says of a pipeline's folder. */
export interface PipelineReport {
  readonly folder: string;
  readonly scheduler: SchedulerReport | null;
  readonly models: readonly ModelReport[];
  /** What cannot be read, a line for each file. */
  readonly problems: readonly string[];
}

const schedulerFile = "scheduler/scheduler_config.json";
const parts = ["unet", "vae_decoder", "vae_encoder"];

/**
 * Looks at every model of a folder in diffusers' layout, and at its scheduler.
 * @throws GenError `usage` when the folder holds none.
 */
export async function pipelineReport(
  folder: string,
  options: InspectOptions,
): Promise<PipelineReport> {
  const readers = folderReaders(folder);
  const problems: string[] = [];
  const attempt = async <R>(work: () => Promise<R>): Promise<R | undefined> => {
    try {
      return await work();
    } catch (error) {
      problems.push(errorLine(error));
      return undefined;
    }
  };
  const files = await modelsIn(folder);
  const side = await attempt(() => sideOf(readers.read));
  const models: ModelReport[] = [];
  for (const file of files) {
    const found = await attempt(() =>
      modelReport(readers, file, { ...options, side }).catch((error: unknown) => {
        throw usageError(`${file}: ${errorLine(error)}`, { cause: error });
      }),
    );
    if (found) models.push(found);
  }
  const scheduler = await attempt(async () => {
    const bytes = await readers.read(schedulerFile);
    if (!bytes) return null;
    const text = new TextDecoder().decode(bytes);
    return naming(schedulerFile, () => described(readSchedulerConfig(text)));
  });
  if (files.length === 0 && !scheduler) {
    throw usageError(`${folder} holds no pipeline: unet/model.onnx is missing`);
  }
  return { folder, scheduler: scheduler ?? null, models, problems };
}

/** The paths of a folder's models, the pipeline's own parts first. */
async function modelsIn(folder: string): Promise<string[]> {
  const entries = (await readdir(folder)).sort();
  const names = [...parts.filter((name) => entries.includes(name)), ...entries];
  const found: string[] = [];
  for (const name of new Set(names)) {
    const inside: string[] = await readdir(join(folder, name)).catch(() => []);
    if (inside.includes("model.onnx")) found.push(`${name}/model.onnx`);
  }
  return found;
}

/** The height and width that `unet/config.json` tells. */
async function sideOf(read: ReturnType<typeof folderReaders>["read"]): Promise<number | undefined> {
  const bytes = await read("unet/config.json");
  if (!bytes) return undefined;
  const { sample_size } = naming("unet/config.json", () =>
    Object(JSON.parse(new TextDecoder().decode(bytes))),
  ) as { sample_size?: unknown };
  const [side] = [sample_size].flat();
  return Number.isInteger(side) && Number(side) > 0 ? Number(side) : undefined;
}

function described(config: SchedulerConfig): SchedulerReport {
  const { className, schedule, predictionType, spacing, clip, settings, flow } = config;
  const rise = settings.trained_betas ? "trained" : String(settings.beta_schedule);
  return {
    className,
    timesteps: schedule.length,
    predicts: predictionType,
    betas: flow ? null : rise,
    spacing: flow ? null : spacing,
    clip,
    sampler: defaultSampler(config),
    notes: schedulerNotes(config),
  };
}

/** A scheduler's report in lines. */
export function schedulerLines(report: SchedulerReport): string[] {
  const { className, timesteps, predicts, betas, spacing, clip, sampler, notes } = report;
  const clipping = clip === null ? "not clipped" : `clipped to ${clip}`;
  const rise = betas === null ? " of a flow" : `, ${betas} betas, ${spacing} spacing`;
  return [
    `${schedulerFile}  ${className}`,
    "",
    `schedule    ${timesteps} steps${rise}`,
    `model       predicts ${predicts}, ${clipping}`,
    `sampler     ${sampler}`,
    ...notes.map((note) => `note        ${note}`),
  ];
}
