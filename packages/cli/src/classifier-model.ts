/*
 * The classifier of a folder that `gen train classifier` made:
 *
 *   classifier/model.onnx   sample [batch, ...] and, where it knows noise, timestep [batch] to logits
 *   features.onnx           sample [batch, ...] to the features before the last layer, for --features
 *   training/               the record, which says the classes and the noise
 *
 * A classifier of noisy samples guides a diffusion model: gen sample --classifier.
 */
import { add, concat, type Expr, input, mul, relu, reshape, slice, sub, trace } from "@gen/graph";
import { toOnnx } from "@gen/graph/onnx";
import { convEncoder, linear, mlp, type Network, network, timestepEmbedding } from "@gen/nn";
import { prefixErrors, usageError } from "./errors.ts";
import { isOnline } from "./files.ts";
import { isImages, schedules, type TrainingSettings } from "./models.ts";
import type { scheduleNames } from "./names.ts";
import { readCheckpoint, withSaved } from "./training-folder.ts";

/** Everything that decides what a classifier learns. */
export interface ClassifierSettings extends TrainingSettings {
  readonly width: number;
  /** The names of the classes. */
  readonly classes: readonly string[];
  /** The noise that it knows; none for a classifier of clean data. */
  readonly noise?: {
    readonly schedule: (typeof scheduleNames)[number];
    readonly timesteps: number;
  };
}

/** A network of (x, t) to logits, and its part before the last layer. */
export interface ClassifierNetwork extends Network {
  features(x: Expr, t: Expr): Expr;
}

const TIME_PLANES = 16;

/** Builds an untrained classifier. @throws GenError `usage` when it does not fit the shape. */
export function buildClassifier(settings: ClassifierSettings): ClassifierNetwork {
  const { shape, width, classes, seed, noise } = settings;
  const body = isImages({ shape })
    ? imageBody(settings)
    : mlp({
        name: "classifier.body.",
        inputs: shape[0],
        hidden: [width, width],
        outputs: width,
        time: noise !== undefined,
        activation: "relu",
        seed,
      });
  const features = (x: Expr, t: Expr) => body.apply(x, t);
  const size = Number(
    features(
      input("x", { shape: ["batch", ...shape] }),
      input("t", { shape: ["batch"], dtype: "int64" }),
    ).shape[1],
  );
  const head = linear("classifier.head", size, classes.length, { seed });
  const whole = network(
    { x: { shape: ["batch", ...shape] }, t: { shape: ["batch"], dtype: "int64" } },
    (x, t) => head(relu(features(x, t))),
  );
  return { ...whole, features };
}

/** Convolutions of halving size; noise is told as planes beside the image's own. */
function imageBody({ shape, width, seed, noise }: ClassifierSettings): Network {
  const [channels, height, columns] = shape;
  const halvings = [2, 1].find((n) => height % 2 ** n === 0 && columns % 2 ** n === 0);
  if (halvings === undefined)
    throw usageError(
      `--data must hold images with even sides, got [${shape.join(", ")}]; pass --size`,
    );
  const planes = noise ? TIME_PLANES : 0;
  const inner = convEncoder({
    name: "classifier.body.",
    size: [height, columns],
    inChannels: channels + planes,
    channels: [width, 2 * width].slice(0, halvings),
    outputs: 2 * width,
    seed,
  });
  if (planes === 0) return inner;
  const joined = (x: Expr, t: Expr) => {
    const told = reshape(timestepEmbedding(t, planes), [t.shape[0], planes, 1, 1]);
    return concat([x, add(mul(slice(x, 1, 0, 1), 0), told)], 1);
  };
  return network(
    { x: { shape: ["batch", ...shape] }, t: { shape: ["batch"], dtype: "int64" } },
    (x, t) => inner.apply(joined(x, t)),
  );
}

/** The files of a trained classifier. */
export function classifierFiles(
  model: ClassifierNetwork,
  { shape, noise }: ClassifierSettings,
): Record<string, Uint8Array> {
  const sample = { shape: ["batch", ...shape] };
  const timestep = { shape: ["batch"], dtype: "int64" as const };
  // Clean items are those of step 0.
  const clean = (x: Expr) => reshape(sub(x, x), [x.shape[0], -1]);
  const zero = (x: Expr) => reshape(slice(clean(x), 1, 0, 1), [x.shape[0]]);
  const logits = noise
    ? trace(({ sample, timestep }) => ({ logits: model.apply(sample, timestep) }), {
        sample,
        timestep,
      })
    : trace(({ sample }) => ({ logits: model.apply(sample, zero(sample)) }), { sample });
  const features = trace(({ sample }) => ({ features: model.features(sample, zero(sample)) }), {
    sample,
  });
  return {
    "classifier/model.onnx": toOnnx(logits, { name: "classifier" }),
    "features.onnx": toOnnx(features, { name: "features" }),
  };
}

/** The noise levels that a classifier knows. */
export const noiseOf = ({ noise }: ClassifierSettings) =>
  noise && schedules[noise.schedule]({ steps: noise.timesteps });

/**
 * Reads the classifier that `gen train classifier` made in a folder.
 * @throws GenError `usage` when the folder holds another thing, or no saved step yet.
 */
export async function openClassifier(flag: string, folder: string) {
  const { record, saved } = (isOnline(folder) ? undefined : await readCheckpoint(folder)) ?? {};
  if (record?.kind !== "classifier")
    throw usageError(`${flag} ${folder} must be a folder that \`gen train classifier\` made`);
  if (!saved) throw usageError(`${flag} ${folder} holds no saved step yet`);
  const settings = record.settings as unknown as ClassifierSettings;
  const model = prefixErrors(`${flag} ${folder}`, () =>
    withSaved(buildClassifier(settings), saved.state),
  );
  return { model, settings };
}
