/*
 * What workers compute, part by part: samples, pictures, what `gen evaluate` measures of each item, and
 * latents of pictures and back.
 */
import type { OpenJob, OpenKind } from "@gen/jobs";
import { pipelineSampler } from "@gen/sampling";
import { type EvaluationSettings, prepareEvaluation } from "../evaluation/evaluation.ts";
import { pathAt, withDataPaths, withPicturePaths, withSamplePaths } from "../job-paths.ts";
import {
  type DecodeFlags,
  type EncodeFlags,
  type LatentBatches,
  prepareDecoding,
  prepareEncoding,
} from "../latent-batches.ts";
import type { LazyBackend } from "../lazy-backend.ts";
import { readSources } from "../picture-files.ts";
import type { PictureSources } from "../picture-sources.ts";
import { unscale } from "../scaling.ts";
import { type CompleteSettings, preparePictures, toJson } from "./generate.ts";
import { prepareSamples, type SampleCommandOptions } from "./sample.ts";
import { serveKind } from "./serve-kind.ts";

/** What a job of pictures keeps as its options. */
export interface PictureJob {
  readonly settings: CompleteSettings;
  /** What pictures keep of their files. */
  readonly kept: PictureSources;
}

/** The kinds of jobs that `gen jobs work` computes. */
export function jobKinds(
  backend: LazyBackend,
  signal: AbortSignal,
): Readonly<Record<string, OpenKind>> {
  /** An open job whose failures may come from a backend that is lost. */
  const onBackend = ({ draw, close }: OpenJob): OpenJob => {
    let failed = false;
    return {
      draw: (part, stop, onProgress) =>
        draw(part, stop, onProgress).catch((error: unknown) => {
          failed ||= !stop.aborted;
          throw error;
        }),
      async close() {
        await close().catch(() => undefined);
        if (failed) await backend.reset();
      },
    };
  };
  const served = serveKind(backend, signal);
  const kinds: Record<string, OpenKind> = {
    async sample({ options }, at) {
      const given = options as SampleCommandOptions & { readonly model: string };
      const opened = await backend.open();
      const own = { ...withSamplePaths(given, pathAt(at)), backend: opened.name };
      const prepared = await prepareSamples({ ...own, signal });
      const { pipeline, facts } = prepared;
      const drawing = await prepared.drawing(opened);
      const ready = pipelineSampler(pipeline, { backend: opened });
      return onBackend({
        async draw({ from, to }, stop) {
          const part = [from, to] as const;
          const { x, shape, steps } = await ready.generate({ ...drawing, part, signal: stop });
          if (pipeline.scaling) unscale(x, pipeline.scaling);
          return { rows: { x: { data: x, shape } }, facts: facts(steps) };
        },
        close: () => ready.dispose(),
      });
    },
    async generate({ options }, at) {
      const { settings, kept } = options as PictureJob;
      const own = withPicturePaths(settings, pathAt(at));
      const sources = await readSources(own);
      const run = { backend: await backend.open(), signal };
      const { model, draw, madeBy } = await preparePictures(own, sources, run);
      // A picture keeps the paths of the machine that asked for it.
      const facts = toJson(madeBy(settings, kept));
      return onBackend({
        async draw({ from, to }, stop) {
          const { images: data, shape, unsafe } = await draw({ part: [from, to], signal: stop });
          const flags = unsafe && { data: Float32Array.from(unsafe, Number), shape: [shape[0]] };
          return { rows: { x: { data, shape }, ...(flags && { unsafe: flags }) }, facts };
        },
        close: () => model.dispose(),
      });
    },
    async evaluate({ options }, at) {
      const given = options as EvaluationSettings;
      const opened = await backend.open();
      const own = { ...withDataPaths(given, pathAt(at)), backend: opened.name };
      const evaluation = await (await prepareEvaluation(own, signal)).open(opened);
      // Named as on the machine that asked for it.
      const features = evaluation.features.replace(own.features ?? "", given.features ?? "");
      return onBackend({
        draw: async ({ from, to }, stop) => ({
          rows: await evaluation.draw(from, to, stop as AbortSignal),
          facts: { features },
        }),
        close: () => evaluation.close(),
      });
    },
    async encode({ options }, at) {
      const flags = withDataPaths(options as EncodeFlags & Seeded, pathAt(at));
      return inBatches(await prepareEncoding(flags, signal), flags.seed);
    },
    async decode({ options }, at) {
      const flags = withDataPaths(options as DecodeFlags & Seeded, pathAt(at));
      return inBatches(await prepareDecoding(flags, signal), flags.seed);
    },
  };
  // One model at a time is in memory.
  const alone = (open: OpenKind): OpenKind => {
    return async (job, at) => {
      await served.free();
      return open(job, at);
    };
  };
  const others = Object.entries(kinds).map(([name, open]) => [name, alone(open)]);
  return { ...Object.fromEntries(others), serve: served.open };

  /** A verb on latents, whose batches begin at multiples of their size. */
  async function inBatches(work: LatentBatches, seed: number): Promise<OpenJob> {
    const { model, batchSize, count } = work;
    const run = { backend: await backend.open(), model, batchSize, seed };
    const edge = (item: number) => Math.min(count, batchSize * Math.ceil(item / batchSize));
    return onBackend({
      draw: async ({ from, to }, stop) => ({
        rows: await work.rows({ ...run, signal: stop }, edge(from), edge(to)),
        facts: null,
      }),
      close: async () => undefined,
    });
  }
}

interface Seeded {
  readonly seed: number;
}
