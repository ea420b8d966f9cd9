import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describeFolder, partSizes, type ReadFile } from "@gen/pipeline";
import { defaultSampler, schedulerNotes } from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import { errorLine, prefixErrors } from "../errors.ts";
import { folderReaders } from "../model-folder.ts";
import { folderReport } from "./folder-report.ts";
import { type InspectOptions, type ModelReport, modelReport } from "./model-report.ts";

const schedulerFile = "scheduler/scheduler_config.json";
const denoisers = ["unet/model.onnx", "transformer/model.onnx"];
const first = ["unet", "transformer", "vae_decoder", "vae_encoder"];

/**
 * Reports on every model of a folder in diffusers' layout, and on its scheduler; undefined where the
 * folder holds none.
 */
export async function pipelineReport(folder: string, options: InspectOptions) {
  const readers = folderReaders(folder);
  /** What cannot be read, one line for each file. */
  const problems: string[] = [];
  const attempt = <R>(work: Promise<R>, prefix = "") =>
    work.catch((error: unknown) => {
      problems.push(prefix + errorLine(error));
      return undefined;
    });
  const has = async (path: string) => (await stat(join(folder, path)).catch(() => null)) !== null;
  const names = await modelsIn(folder);
  const isNamed = names.some((file) => denoisers.includes(file));
  const found =
    isNamed || (await has("model_index.json"))
      ? await attempt(describeFolder(readers.read, has))
      : undefined;
  // A part's model may have another name than model.onnx.
  const files = [...new Set([...names, ...(found?.parts.map(({ model }) => model) ?? [])])];
  const isPipeline = files.some((file) => /^(unet|transformer)\//.test(file));
  const [lacking] = found?.missing ?? [];
  if (!isPipeline && lacking) problems.push(lacking);
  const models: ModelReport[] = [];
  for (const file of files) {
    const sizeOf = found && partSizes(found, file.slice(0, file.indexOf("/")));
    const report = await attempt(modelReport(readers, file, { ...options, sizeOf }), `${file}: `);
    if (report) models.push(report);
  }
  const scheduler = (await attempt(schedulerReport(readers.read))) ?? null;
  if (files.length === 0 && !scheduler) return undefined;
  return { folder, pipeline: found && folderReport(found, models), scheduler, models, problems };
}

/** The paths of a folder's models, the pipeline's own parts first. */
async function modelsIn(folder: string): Promise<string[]> {
  const entries = (await readdir(folder)).sort();
  const names = [...first.filter((name) => entries.includes(name)), ...entries];
  const found: string[] = [];
  for (const name of new Set(names)) {
    const inside: string[] = await readdir(join(folder, name)).catch(() => []);
    if (inside.includes("model.onnx")) found.push(`${name}/model.onnx`);
  }
  return found;
}

async function schedulerReport(read: ReadFile) {
  const bytes = await read(schedulerFile);
  if (!bytes) return null;
  const text = new TextDecoder().decode(bytes);
  const config = prefixErrors(schedulerFile, () => readSchedulerConfig(text));
  const { className, schedule, predictionType, clip, settings, flow } = config;
  const named = (field: unknown) => (typeof field === "string" ? field : null);
  return {
    className,
    timesteps: schedule.length,
    predicts: predictionType,
    // Some classes, a flow's among them, have levels of their own.
    betas: settings.trained_betas ? "trained" : named(settings.beta_schedule),
    spacing: named(settings.timestep_spacing),
    flow: flow !== null,
    clip,
    /** The default sampler of `gen sample`. */
    sampler: defaultSampler(config),
    notes: schedulerNotes(config),
  };
}

/** A scheduler's report in lines. */
export function schedulerLines(
  report: NonNullable<Awaited<ReturnType<typeof schedulerReport>>>,
): string[] {
  const { className, timesteps, predicts, betas, spacing, flow, clip, sampler, notes } = report;
  const clipping = clip === null ? "not clipped" : `clipped to ${clip}`;
  const rise = [
    flow ? " of a flow" : "",
    betas ? `, ${betas} betas` : flow ? "" : ", levels of its own",
    spacing ? `, ${spacing} spacing` : "",
  ].join("");
  return [
    `${schedulerFile}  ${className}`,
    "",
    `schedule    ${timesteps} steps${rise}`,
    `model       predicts ${predicts}, ${clipping}`,
    `sampler     ${sampler}`,
    ...notes.map((note) => `note        ${note}`),
  ];
}
