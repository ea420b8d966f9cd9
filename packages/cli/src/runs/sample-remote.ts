import { resolve } from "node:path";
import { GenError } from "@gen/math";
import { defaultSampler, sample, schedulerSteps } from "@gen/sampling";
import { kserveDenoiser } from "@gen/sampling/kserve";
import { readSchedulerConfig } from "@gen/schedules";
import { denoiserTape } from "../denoiser-tape.ts";
import { errorLine, prefixErrors, usageError } from "../errors.ts";
import { parseJson } from "../files.ts";
import { readersOf, shownFolder } from "../model-folder.ts";
import { openShape } from "../sample-input.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { scalingOf, unscale } from "../scaling.ts";
import { print, progress } from "../terminal.ts";
import type { SampleCommandOptions, SampleRun } from "./sample.ts";

/** Flags of `gen sample` that a denoiser elsewhere does not take. */
const localFlags = [
  ...["class", "condition", "guidance", "unconditional", "init", "torchSeed", "compat"],
  ...["predicts", "spacing", "scheduleShift", "zeroSnr", "grid", "prior", "components", "data"],
] as const satisfies readonly string[];

/** Numbers of x in one request, at most. */
const REQUEST_NUMBERS = 2 ** 20;

const SCHEDULER = "scheduler/scheduler_config.json";

/** Runs `gen sample --remote`: the denoiser on a server, the steps here. */
export async function runRemoteSample(
  options: SampleCommandOptions & SampleRun & { readonly remote: string },
): Promise<void> {
  const { model: folder, remote: url, out, kind, seed, steps, eta, signal, count = 16 } = options;
  const { remoteModel = "unet" } = options;
  const other = localFlags.find(
    (name) => options[name as keyof SampleCommandOptions] !== undefined,
  );
  if (other) {
    const flag = other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw usageError(`--${flag} must be left out with --remote`);
  }
  const { config, notes } = await readScheduler(folder);
  const { GEN_REMOTE_TOKEN: token } = process.env;
  const remote = await kserveDenoiser({
    url,
    model: remoteModel,
    shape: openShape(options.size),
    ...(token && { headers: { authorization: `Bearer ${token}` } }),
  });
  const { shape } = remote;
  const scaling = scalingOf(notes, shape);
  checkOutput(out, kind, count, { item: shape, shape });
  const [, height = 1, width = 1] = shape;
  const sampler = options.sampler ?? defaultSampler(config);
  const chosen = { ...(options.sampler && { sampler: options.sampler }), steps, eta };
  const table = prefixErrors("--sampler", () =>
    schedulerSteps(config, { imageLength: (height * width) / 4, ...chosen }),
  );
  const { clip, initialScale } = table;
  const settings = {
    remoteModel,
    shape,
    count,
    seed,
    sampler,
    clip: options.clip,
    table: table.steps,
  };
  const tape = await denoiserTape(remote, {
    path: `${out.replace(/\/+$/, "")}.steps`,
    settings: { ...settings, url },
    resume: options.resume === true,
    force: options.force,
  });
  const line = progress(`${String(sampler).toUpperCase()} on ${url}`);
  const started = performance.now();
  const size = shape.reduce((a, b) => a * b, 1);
  const batch = Math.max(1, Math.min(count, Math.floor(REQUEST_NUMBERS / size)));
  const x = new Float32Array(count * size);
  let [done, taken] = [false, 0];
  const all = Math.ceil(count / batch) * table.steps.length;
  try {
    for (let first = 0; first < count; first += batch) {
      const rows = Math.min(batch, count - first);
      const drawn = await sample({
        ...{ denoiser: tape.denoiser, steps: table.steps, initialScale, seed, firstIndex: first },
        shape: [rows, ...shape],
        clip: options.clip && clip,
        signal,
        onStep: () => line.update(++taken, all),
      });
      x.set(drawn.x, first * size);
    }
    if (scaling) unscale(x, scaling);
    line.finish(`${table.steps.length} steps`);
    await writeSamples(out, kind, { x, shape: [count, ...shape] });
    done = true;
  } catch (error) {
    const at = `step ${taken} of ${all} was reached, and the same command with --resume goes on`;
    if (signal.aborted) throw new GenError("interrupted", `interrupted; ${at}`);
    throw error instanceof GenError
      ? new GenError(error.code, `${errorLine(error)}; ${at}`)
      : error;
  } finally {
    await tape.close(done);
  }
  const seconds = (performance.now() - started) / 1000;
  print(
    options.json,
    {
      ...{ out: resolve(out), shape: [count, ...shape], sampler, steps: table.steps.length, seed },
      ...{ seconds, remote: url, resumed: tape.known },
    },
    [`${count} ${count === 1 ? "sample is" : "samples are"} in ${out}`],
  );
}

/** The scheduler of a folder, whose denoiser is elsewhere. */
async function readScheduler(folder: string) {
  const { read } = await readersOf(folder);
  const [scheduler, index, decoder] = await Promise.all([
    read(SCHEDULER),
    read("model_index.json"),
    read("vae_decoder/model.onnx"),
  ]);
  const shown = `--model ${shownFolder(folder)}`;
  if (!scheduler) throw usageError(`${shown}: ${SCHEDULER} is missing, which says how to step`);
  if (decoder)
    throw usageError(`${shown} decodes latents, which --remote does not: take its unet alone`);
  const config = prefixErrors(shown, () => readSchedulerConfig(parseJson(scheduler) ?? {}));
  const { _gen: own } =
    (index && parseJson<{ _gen?: { notes?: Record<string, unknown> } }>(index)) || {};
  return { config, notes: own?.notes };
}
