import { resolve } from "node:path";
import { GenError } from "@gen/math";
import { type ImageModel, openImageModel, type TextToImageOptions } from "@gen/pipeline";
import type { Backend } from "@gen/runtime-gpu";
import { usageError } from "../errors.ts";
import { loadFrom, readersOf, shownFolder } from "../model-folder.ts";
import type { OutputKind } from "../output-kind.ts";
import { type PictureContents, readSources } from "../picture-files.ts";
import type { PictureSettings } from "../picture-flags.ts";
import { previewWriter } from "../previews.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { chooseScheduler } from "../scheduler-choice.ts";
import { note, print, progress } from "../terminal.ts";

interface Run {
  readonly out: string;
  readonly json: boolean;
  readonly kind: OutputKind;
  /** A folder. */
  readonly previews?: string;
  readonly signal: AbortSignal;
  readonly opening: Promise<Backend>;
  /** What to know of the settings. */
  readonly notes: readonly string[];
}

/** Settings with all that a picture needs. */
export type CompleteSettings = PictureSettings &
  Required<Pick<PictureSettings, "prompt" | "model">>;

/** A model of pictures that is open for a call, with the contents of its files. */
export async function preparePictures(
  { model: folder, ...options }: CompleteSettings,
  { image, mask, loras, embeddings, controls }: PictureContents,
  { backend, signal }: { readonly backend: Backend; readonly signal: AbortSignal },
) {
  const { model, sampler } = await loadFrom(
    folder,
    { signal, backend: backend.name },
    async (read, reading) => {
      const { read: chosen, sampler } = chooseScheduler(read, options);
      const given = { loras, embeddings, ...(await givenFolders(options, signal)) };
      const model = await openImageModel(chosen, { ...reading, ...given, backend });
      return { model, sampler };
    },
  );
  requireImages(model.kind, shownFolder(folder), { image, mask });
  const first = image ?? (options.size ? undefined : controls[0]?.image);
  const [width, height] = first?.shape.slice(-2).reverse() ?? options.size ?? model.size;
  // In one order, so that the same settings are the same bytes. A model's own defaults are those of
  // what it is made for; another use's default stays open.
  const own = needs[model.kind];
  const isOwnUse = !image || (own !== undefined && own.mask === (mask ? true : undefined));
  const { steps, guidance } = model;
  const defaults = {
    ...(isOwnUse && { steps, guidance }),
    ...(!image && { size: [width, height] }),
  };
  const call = { ...callOf(options), ...(sampler && { sampler }), control: controls };
  return {
    ...{ model, item: [3, height, width], count: pictureCount(options) },
    /** What a picture keeps, of settings and files with the paths that are shown. */
    madeBy: ({ model: shown, ...settings }: CompleteSettings, files: PictureContents["kept"]) => ({
      ...defaults,
      model: shownFolder(shown),
      ...settings,
      ...files,
      ...(files.controls && {
        controls: files.controls.map((control) => ({ ...control, net: shownFolder(control.net) })),
      }),
      ...(settings.decoder !== undefined && { decoder: shownFolder(settings.decoder) }),
    }),
    draw: (run: Pick<TextToImageOptions, "part" | "signal" | "onStep">) =>
      picturesOf(model, call, image, mask, run),
  };
}

/** Pictures of all prompts. */
export const pictureCount = ({ prompt = "", count = 1 }: PictureSettings): number =>
  [prompt].flat().length * count;

/** Runs `gen generate`. */
export async function runGenerate(
  settings: CompleteSettings,
  { out, json, kind, previews, signal, opening, notes }: Run,
): Promise<void> {
  const sources = await readSources(settings);
  for (const text of notes) note(text);
  const backend = await opening;
  try {
    const run = { backend, signal };
    const { item, count, draw, madeBy } = await preparePictures(settings, sources, run);
    checkOutput(out, kind, count, { item, shape: item });
    const writePreviews = previews === undefined ? undefined : await previewWriter(previews);
    const line = progress(`Generating on ${backend.name}`);
    const started = performance.now();
    const pictures = await draw({
      signal,
      async onStep(step) {
        line.update(step.done * step.steps, step.steps);
        await writePreviews?.(step);
      },
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      throw new GenError(
        "interrupted",
        `interrupted before the pictures were done; ${previews === undefined ? "nothing was written" : `only previews are in ${previews}`}`,
      );
    });
    const seconds = (performance.now() - started) / 1000;
    line.finish(`${pictures.steps} steps`);
    for (const text of pictures.notes) note(text);
    const made = madeBy(settings, sources.kept);
    await writeSamples(out, kind, { x: pictures.images, shape: pictures.shape }, toJson(made));
    print(
      json,
      {
        out: resolve(out),
        shape: pictures.shape,
        ...made,
        ...(pictures.unsafe && { unsafe: pictures.unsafe }),
        ...(previews !== undefined && { previews: resolve(previews) }),
        seconds,
        backend: backend.name,
      },
      [`${count} ${count === 1 ? "picture is" : "pictures are"} in ${out}`],
    );
  } finally {
    await backend.close();
  }
}

/** How the ControlNets and the decoder of the settings are read. */
async function givenFolders({ controls = [], decoder }: PictureSettings, signal: AbortSignal) {
  const controlNets = [];
  for (const { net } of controls) {
    controlNets.push({ ...(await readersOf(net, signal)), name: `--control ${shownFolder(net)}` });
  }
  if (decoder === undefined) return { controlNets };
  const { read, open } = await readersOf(decoder, signal);
  return { controlNets, decoder: Object.assign(read, { open }) };
}

/** What a call takes of the settings. */
function callOf<S extends PictureSettings>(settings: S) {
  const { sampler, sigmas, spacing, image, mask, loras, embeddings, controls, ...all } = settings;
  const { decoder, model, ...call } = all;
  return call;
}

type Kind = ImageModel["kind"];
type Picture = PictureContents["image"];

/** What the kinds of folders do that need more than a prompt. */
const needs: Readonly<Partial<Record<Kind, { does: string; mask?: true }>>> = {
  inpainting: { does: "is for inpainting", mask: true },
  "image edit": { does: "edits images" },
  refiner: { does: "is a refiner, which refines images" },
};

/** @throws GenError `usage` naming the flags that a kind of folder needs and that are not given. */
function requireImages(kind: Kind, shown: string, given: { image: Picture; mask: Picture }): void {
  const needed = needs[kind];
  const missing = [
    ...(given.image ? [] : ["--image"]),
    ...(needed?.mask && !given.mask ? ["--mask"] : []),
  ];
  if (!needed || missing.length === 0) return;
  throw usageError(`--model ${shown} ${needed.does}: pass ${missing.join(" and ")}`);
}

/** The pictures of a call: from its prompt alone, from an image, or of a part of an image. */
function picturesOf(
  model: ImageModel,
  call: TextToImageOptions,
  image: Picture,
  mask: Picture,
  run: Pick<TextToImageOptions, "part" | "signal" | "onStep">,
) {
  const all = { ...call, ...run };
  if (image && mask) return model.inpaint({ ...all, image, mask });
  return image ? model.imageToImage({ ...all, image }) : model.textToImage(all);
}

type Json = NonNullable<Parameters<typeof writeSamples>[3]>;

/** Settings as a PNG keeps them. */
export const toJson = (settings: object): Json => JSON.parse(JSON.stringify(settings)) as Json;
