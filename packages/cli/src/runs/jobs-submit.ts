/* The work of `gen jobs submit`: a command's options become a job. */
import { type JobRequest, submit } from "@gen/jobs";
import { describeFolder } from "@gen/pipeline";
import { usageError } from "../errors.ts";
import { prepareEvaluation } from "../evaluation/evaluation.ts";
import { trainedOn } from "../evaluation/items.ts";
import { checkModelFolder, isOnline } from "../files.ts";
import { parseJobCommand } from "../job-command.ts";
import { pathsIn, withDataPaths, withPicturePaths, withSamplePaths } from "../job-paths.ts";
import { type JobsOptions, withQueue } from "../jobs-queue.ts";
import {
  checkLatentsFile,
  type DecodeFlags,
  type EncodeFlags,
  prepareDecoding,
  prepareEncoding,
} from "../latent-batches.ts";
import { isVaeFolder } from "../latent-model.ts";
import { loadFrom } from "../model-folder.ts";
import { outputKind } from "../output-kind.ts";
import { readSources } from "../picture-files.ts";
import { likePicture, type PictureFlags } from "../picture-flags.ts";
import { checkEta, checkNoise } from "../samplers.ts";
import { bytesText, interruptSignal, note, print, progress } from "../terminal.ts";
import { readTrainedVae } from "../trained-vae.ts";
import { version } from "../versions.ts";
import type { EvaluateOptions } from "./evaluate.ts";
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

interface Asking {
  /** Whether --seed was given. */
  readonly isSeeded: boolean;
  readonly signal: AbortSignal;
  readonly prompts: readonly string[];
}

/** What each command asks for, by its name. */
const asked: Readonly<Record<string, (flags: never, asking: Asking) => Promise<Asked>>> = {
  sample: (flags: SampleCommandOptions, { isSeeded, signal }) =>
    askedSamples(flags, isSeeded, signal),
  generate: (flags: PictureFlags, { isSeeded, signal, prompts }) =>
    askedPictures(prompts, flags, isSeeded, signal),
  evaluate: askedEvaluation,
  encode: askedEncoding,
  decode: askedDecoding,
};

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
      options: jobOptions,
      files,
    } = await asked[name](flags as never, { isSeeded, signal, prompts: command.args });
    const line = progress("Putting the model into the store");
    const job = await submit(queue, store, {
      ...{ kind, count, options: jobOptions, files, version: version(), upload: options.upload },
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
  const { eta, sampler, remote, resume, remoteModel, out } = options;
  const model = await requireFolder(options.model);
  if (remote !== undefined || resume || remoteModel !== undefined)
    throw usageError("--remote must be left out: a job has workers of its own");
  const { grid, prior, components, data } = options;
  if ([grid, prior, components, data].some((value) => value !== undefined) || (await isVae(model)))
    throw usageError("--model must be a diffusion model: a VAE's samples need no workers");
  checkEta(eta, sampler);
  checkNoise(options, isSeeded);
  outputKind(out);
  const given = ofTheWork(options);
  const files = pathsIn((at) => withSamplePaths(given, at));
  await checkInputs(files, model);
  const { count, notes } = await prepareSamples({ ...options, model, signal });
  notes.forEach(note);
  return { kind: "sample", count, options: given, files };
}

/** Options without those of one run at one machine. */
function ofTheWork<O extends object>(options: O): O {
  const names = ["force", "json", "config", "printConfig"];
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name))) as O;
}

/** The job of `gen evaluate` with these options. */
async function askedEvaluation(
  { samples, ...options }: EvaluateOptions,
  { signal }: Asking,
): Promise<Asked> {
  if (samples !== undefined)
    throw usageError("--samples must be left out of a job: gen evaluate measures a file at once");
  const model = await requireFolder(options.model);
  checkEta(options.eta, options.sampler);
  const data = options.data ?? (isOnline(model) ? undefined : (await trainedOn(model)).data);
  return askedOfData("evaluate", { ...options, model, data }, (given) =>
    prepareEvaluation(given, signal),
  );
}

/** The job of `gen encode` with these options. */
async function askedEncoding(
  options: EncodeFlags & { readonly out: string },
  { signal }: Asking,
): Promise<Asked> {
  const model = await requireFolder(options.model);
  checkLatentsFile(options.out);
  const data = options.data ?? (await readTrainedVae("--model", model))?.settings.data;
  return askedOfData("encode", { ...options, model, data }, (given) =>
    prepareEncoding(given, signal),
  );
}

/** The job of `gen decode` with these options. */
async function askedDecoding(
  options: DecodeFlags & { readonly out: string },
  { signal }: Asking,
): Promise<Asked> {
  const model = await requireFolder(options.model);
  outputKind(options.out);
  return askedOfData("decode", { ...options, model }, (given) => prepareDecoding(given, signal));
}

/** The job of a verb whose items are counted when its files are read. */
async function askedOfData<O extends { readonly model: string }>(
  kind: string,
  options: O,
  prepare: (options: O) => Promise<{ readonly count: number }>,
): Promise<Asked> {
  const given = ofTheWork(options);
  const files = pathsIn((at) => withDataPaths(given, at));
  await checkInputs(files, options.model);
  const { count } = await prepare(given);
  return { kind, count, options: given, files };
}

/** @throws GenError `usage` when there is no folder. */
async function requireFolder(model: string | undefined): Promise<string> {
  if (model === undefined)
    throw usageError("--model must be given: a folder that workers will have");
  await checkModelFolder(model);
  return model;
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
  const { prompt } = found.settings;
  if (prompt === undefined) throw usageError("gen jobs submit generate needs a prompt");
  const model = await requireFolder(found.settings.model);
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
