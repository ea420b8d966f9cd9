import { resolve } from "node:path";
import { GenError } from "@gen/math";
import { openImageModel } from "@gen/pipeline";
import type { Backend } from "@gen/runtime-gpu";
import type { SamplerName } from "@gen/sampling";
import { loadFrom, shownFolder } from "../model-folder.ts";
import type { OutputKind } from "../output-kind.ts";
import type { PictureSettings } from "../picture-flags.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { chooseScheduler } from "../scheduler-choice.ts";
import { note, print, progress } from "../terminal.ts";

interface Run {
  readonly out: string;
  readonly json: boolean;
  readonly kind: OutputKind;
  readonly signal: AbortSignal;
  readonly opening: Promise<Backend>;
  /** What to know of the settings. */
  readonly notes: readonly string[];
}

/** Runs `gen generate`. */
export async function runGenerate(
  settings: PictureSettings & Required<Pick<PictureSettings, "prompt" | "model">>,
  { out, json, kind, signal, opening, notes }: Run,
): Promise<void> {
  const { model: folder, ...options } = settings;
  const { sampler: _, sigmas: _sigmas, spacing: _spacing, ...call } = options;
  for (const text of notes) note(text);
  let sampler: SamplerName | undefined;
  const backend = await opening;
  try {
    const model = await loadFrom(folder, { signal, backend: backend.name }, (read, reading) => {
      const chosen = chooseScheduler(read, options);
      sampler = chosen.sampler;
      return openImageModel(chosen.read, { ...reading, backend });
    });
    const [width, height] = options.size ?? model.size;
    const item = [3, height, width];
    const count = [options.prompt].flat().length * (options.count ?? 1);
    checkOutput(out, kind, count, { item, shape: item });
    const line = progress(`Generating on ${backend.name}`);
    const started = performance.now();
    const pictures = await model
      .textToImage({
        ...call,
        ...(sampler && { sampler }),
        signal,
        onStep: ({ done, steps }) => line.update(done * steps, steps),
      })
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
        throw new GenError(
          "interrupted",
          "interrupted before the pictures were done; nothing was written",
        );
      });
    const seconds = (performance.now() - started) / 1000;
    line.finish(`${pictures.steps} steps`);
    for (const text of pictures.notes) note(text);
    // In one order, so that the same settings are the same bytes.
    const { steps, guidance } = model;
    const made = { steps, guidance, size: [width, height], model: shownFolder(folder), ...options };
    await writeSamples(out, kind, { x: pictures.images, shape: pictures.shape }, toJson(made));
    print(
      json,
      { out: resolve(out), shape: pictures.shape, ...made, seconds, backend: backend.name },
      [`${count} ${count === 1 ? "picture is" : "pictures are"} in ${out}`],
    );
  } finally {
    await backend.close();
  }
}

type Json = NonNullable<Parameters<typeof writeSamples>[3]>;

const toJson = (settings: object): Json => JSON.parse(JSON.stringify(settings)) as Json;
