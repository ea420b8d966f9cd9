import { parseJson } from "@gen/math/json";
import { describeFolder, loadPipeline, type PipelineFolder, partSizes } from "@gen/pipeline";
import type { Pipeline } from "@gen/sampling";
import { fitsHere, type HeadModel, readHead } from "./fits.ts";
import type { ModelSource } from "./model-source.ts";
import type { ModelReport, PartReport, SchedulerReport } from "./model-work.ts";
import { schedulerReport } from "./scheduler-report.ts";

const nothing: ModelReport = {
  needs: [],
  parts: [],
  problems: [],
  notes: [],
  fits: [],
  latent: [],
};

/** Tells whether models fit. Without a machine, it tells nothing. */
type FitOf = (
  models: readonly HeadModel[],
) => Promise<Pick<Partial<ModelReport>, "memory" | "fits">>;

/** Parts that no picture from a prompt, a class or noise needs. */
const UNUSED = ["vae_encoder", "safety_checker"];

/** DiTPipeline's default (diffusers 0.39). */
const DIT_GUIDANCE = 4;

/**
 * Tells what a model is, and whether it fits this machine. Of its models only the headers are read.
 */
export async function describeModel(
  source: ModelSource,
  fit: FitOf = fitsHere,
): Promise<ModelReport> {
  if (source.single !== undefined) return describeFile(source, source.single, fit);
  const problems = new Set<string>();
  const attempt = <R>(work: Promise<R>) =>
    work.catch((error: Error) => {
      problems.add(error.message);
      return undefined;
    });
  const folder = await attempt(describeFolder(source.read, source.has));
  const scheduler = await attempt(readScheduler(source));
  if (scheduler?.problem) problems.add(scheduler.problem);
  if (!folder) return { ...nothing, problems: [...problems], scheduler };
  for (const text of folder.missing) problems.add(text);
  const parts: PartReport[] = [];
  const heads: HeadModel[] = [];
  for (const { name, model, purpose } of folder.parts) {
    const file = await attempt(source.parts(model));
    const isRead = file !== undefined && file !== "unread";
    const head = isRead && (await attempt(readHead(name, file, partSizes(folder, name))));
    if (head) heads.push(head);
    parts.push({ name, purpose, bytes: head ? head.bytes : isRead ? file.size : undefined });
  }
  const isWhole = heads.length === folder.parts.length;
  const pipeline = isWhole ? await attempt(headPipeline(source, folder)) : undefined;
  const used = heads.filter(({ name }) => !UNUSED.includes(name));
  const isRefused = scheduler?.fields.some(({ state }) => state === "refused");
  const unread = folder.missing.length === 0 && !isWhole && problems.size === 0;
  return {
    ...nothing,
    kind: folder.kind,
    className: folder.className,
    needs: folder.needs,
    parts,
    problems: [...problems],
    notes: pipeline?.warnings ?? [],
    scheduler,
    ...(isWhole && (await fit(used))),
    ...sizesOf(folder, pipeline),
    ...(pipeline?.kind === "diffusion" && {
      classes: { count: pipeline.denoiser.classes, names: pipeline.classes },
      ...(/^DiTPipeline$/.test(folder.className ?? "") && { guidance: DIT_GUIDANCE }),
    }),
    ...((pipeline || unread) && !isRefused && waysOf(folder)),
  };
}

/** A single ONNX model. */
async function describeFile(source: ModelSource, path: string, fit: FitOf): Promise<ModelReport> {
  const file = await source.parts(path);
  const part = { name: path, purpose: "" };
  if (file === undefined || file === "unread") {
    return { ...nothing, kind: "file", parts: [part] };
  }
  try {
    const head = await readHead(path, file);
    const { model, graph, bytes } = head;
    const ports = (
      values: Readonly<Record<string, { dtype?: string; shape: readonly (number | string)[] }>>,
    ) =>
      Object.entries(values).map(([name, { dtype = "float32", shape }]) => ({
        name,
        dtype,
        shape,
      }));
    return {
      ...nothing,
      kind: "file",
      parts: [{ ...part, bytes, inputs: ports(model.signature), outputs: ports(graph.outputs) }],
      ...(await fit([head])),
    };
  } catch (error) {
    const problems = [`${path}: ${(error as Error).message}`];
    return { ...nothing, kind: "file", parts: [{ ...part, bytes: file.size }], problems };
  }
}

async function readScheduler({ read }: ModelSource): Promise<SchedulerReport | undefined> {
  const bytes = await read("scheduler/scheduler_config.json");
  if (!bytes) return undefined;
  const fields = parseJson(bytes, { name: "scheduler/scheduler_config.json" });
  const isObject = typeof fields === "object" && fields !== null && !Array.isArray(fields);
  return schedulerReport(isObject ? fields : {});
}

/** The folder's pipeline from the headers of its models, which tells whether its parts fit. */
function headPipeline({ read, parts }: ModelSource, { kind }: PipelineFolder): Promise<Pipeline> {
  const open = async (path: string) => {
    const file = await parts(path);
    return file === "unread" ? undefined : file;
  };
  const options = { open, wholeAbove: 0 };
  return kind === "autoencoder"
    ? loadPipeline(read, { ...options, kind: "vae" })
    : loadPipeline(read, options);
}

/** The sizes of a sample and of a picture, as far as they are known. */
function sizesOf({ latent, factor }: PipelineFolder, pipeline: Pipeline | undefined) {
  const shape = pipeline?.shape ?? latent;
  const [, height, width] = shape;
  const size =
    height && width ? ([width * (factor ?? 1), height * (factor ?? 1)] as const) : undefined;
  return { latent: shape, size };
}

/** How the page makes a picture with the folder, and whether from another picture. */
function waysOf({ kind, needs, parts }: PipelineFolder): Pick<ModelReport, "way" | "picture"> {
  if (kind === "autoencoder") return { way: "decoder" };
  if (needs.some((need) => need === "mask" || need === "control picture")) return {};
  if (!needs.includes("prompt")) return { way: needs.includes("class") ? "class" : "noise" };
  const encodes = parts.some(({ name }) => name === "vae_encoder");
  const picture = needs.includes("picture") ? "must" : encodes ? "may" : undefined;
  return { way: "prompt", picture };
}
