/* The work of `gen jobs submit`: a command's options become a job. */
import { type JobRequest, submit } from "@gen/jobs";
import { describeFolder } from "@gen/pipeline";
import { usageError } from "../errors.ts";
import { checkModelFolder, isOnline } from "../files.ts";
import { parseJobCommand } from "../job-command.ts";
import { pathsIn, withPicturePaths, withSamplePaths } from "../job-paths.ts";
import { type JobsOptions, withQueue } from "../jobs-queue.ts";
import { isVaeFolder } from "../latent-model.ts";
import { loadFrom } from "../model-folder.ts";
import { outputKind } from "../output-kind.ts";
import { readSources } from "../picture-files.ts";
import { likePicture, type PictureFlags } from "../picture-flags.ts";
import { checkEta, checkNoise } from "../samplers.ts";
import { bytesText, interruptSignal, note, print, progress } from "../terminal.ts";
import { version } from "../versions.ts";
import { pictureCount } from "./generate.ts";
import type { PictureJob } from "./jobs-kinds.ts";
import { prepareSamples, type SampleCommandOptions } from "./sample.ts";

export interface SubmitOptions extends JobsOptions {
  readonly backends?: readonly string[];
  readonly priority: number;
  readonly most?: number;
  readonly partSeconds: number;
  readonly upload: boolean;
}

type Asked = Pick<JobRequest, "kind" | "count" | "options" | "files">;

/** Runs `gen jobs submit`. */
export async function runSubmit(words: readonly string[], options: SubmitOptions): Promise<void> {
  const { name, command } = await parseJobCommand(words);
  const signal = interruptSignal();
  const isSeeded = command.getOptionValueSource("seed") !== "default";
  const flags = command.opts();
  await withQueue(options, async ({ queue, store }) => {
    const {
      kind,
      count,
      options: asked,
      files,
    } = name === "sample"
      ? await askedSamples(flags as SampleCommandOptions, isSeeded, signal)
      : await askedPictures(command.args, flags as PictureFlags, isSeeded, signal);
    const line = progress("Putting the model into the store");
    const job = await submit(queue, store, {
      ...{ kind, count, options: asked, files, version: version(), upload: options.upload },
      backends: options.backends ?? [flags.backend],
      ...{ priority: options.priority, most: options.most ?? 0, seconds: options.partSeconds },
      onUpload: (done, total) => line.update(done, total),
    });
    const sizes = Object.values(job.inputs).flatMap((input) => Object.values(input.files));
    const bytes = sizes.reduce((sum, file) => sum + file.bytes, 0);
    if (options.upload) line.finish(bytesText(bytes));
    const { id, backends, priority } = job;
    print(options.json, { id, kind, count, backends, priority, bytes }, [
      `job ${id} makes ${count} ${count === 1 ? "item" : "items"}; gen jobs status ${id} says how far it is`,
    ]);
  });
}

/** The job of `gen sample` with these options. */
async function askedSamples(
  options: SampleCommandOptions,
  isSeeded: boolean,
  signal: AbortSignal,
): Promise<Asked> {
  const { model, eta, sampler, remote, resume, remoteModel, out } = options;
  if (model === undefined)
    throw usageError("--model must be given: a folder that workers will have");
  if (remote !== undefined || resume || remoteModel !== undefined)
    throw usageError("--remote must be left out: a job has workers of its own");
  const { grid, prior, components, data } = options;
  if ([grid, prior, components, data].some((value) => value !== undefined) || (await isVae(model)))
    throw usageError("--model must be a diffusion model: a VAE's samples need no workers");
  checkEta(eta, sampler);
  checkNoise(options, isSeeded);
  outputKind(out);
  const { force, json, config, printConfig, ...given } = options as SampleCommandOptions &
    Record<"config" | "printConfig", unknown>;
  const files = pathsIn((at) => withSamplePaths(given, at));
  await checkInputs(files, model);
  const { count, notes } = await prepareSamples({ ...options, model, signal });
  notes.forEach(note);
  return { kind: "sample", count, options: given, files };
}

const isVae = async (model: string) => !isOnline(model) && (await isVaeFolder(model));

/** The job of `gen generate` with these prompts and flags. */
async function askedPictures(
  prompts: readonly string[],
  flags: PictureFlags,
  isSeeded: boolean,
  signal: AbortSignal,
): Promise<Asked> {
  if (flags.torchSeed !== undefined && isSeeded)
    throw usageError("--torch-seed takes the place of --seed; leave one of them out");
  if (flags.previews !== undefined) throw usageError("--previews must be left out of a job");
  const found = await likePicture(prompts, flags, isSeeded);
  found.notes.forEach(note);
  const { prompt, model } = found.settings;
  if (prompt === undefined) throw usageError("gen jobs submit generate needs a prompt");
  if (model === undefined)
    throw usageError("--model must be given: a folder that workers will have");
  checkEta(flags.eta, flags.sampler);
  outputKind(flags.out);
  const settings = { ...found.settings, prompt, model };
  const files = pathsIn((at) => withPicturePaths(settings, at));
  await checkInputs(files, model);
  const { kind } = await loadFrom(model, { signal }, (read) => describeFolder(read));
  if (["unconditional", "class-conditional", "autoencoder"].includes(kind))
    throw usageError(`--model ${model} takes no prompts: submit sample`);
  const { kept } = await readSources(settings);
  const options: PictureJob & { readonly out: string } = { settings, kept, out: flags.out };
  return { kind: "generate", count: pictureCount(settings), options, files };
}

/** @throws GenError `usage` when a path is at a URL, or the model is no folder. */
export async function checkInputs(files: readonly string[], model: string): Promise<void> {
  const online = files.find(isOnline);
  if (online !== undefined)
    throw usageError("a job's files must be on this machine, got a URL: download its folder first");
  await checkModelFolder(model);
}
