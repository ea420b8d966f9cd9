/* The work of `gen train classifier`. */
import { classifierLosses, trainClassifier as trainInLibrary } from "@gen/ddpm";
import { conditionInputs } from "@gen/sampling";
import {
  buildClassifier,
  type ClassifierNetwork,
  type ClassifierSettings,
  classifierFiles,
  noiseOf,
} from "../classifier-model.ts";
import { usageError } from "../errors.ts";
import { noisyHeldOut } from "../held-out.ts";
import { isImages } from "../models.ts";
import type { scheduleNames } from "../names.ts";
import { note } from "../terminal.ts";
import { trainModel } from "../train-model.ts";
import type { TrainOptions } from "../training-options.ts";
import { classNames } from "./train-ddpm.ts";
import { prepareData, train } from "./training.ts";

type ClassifierOptions = TrainOptions & {
  readonly noisy: boolean;
  readonly schedule: (typeof scheduleNames)[number];
  readonly timesteps: number;
};

/** Runs `gen train classifier`. */
export async function trainClassifier(options: ClassifierOptions): Promise<void> {
  const { data, out, noisy, schedule, timesteps, samplesEvery, width } = options;
  if (samplesEvery !== undefined)
    throw usageError("--samples-every must be left out: a classifier draws no samples");
  const { opened, pace } = await prepareData(options);
  const { shape } = opened.train;
  const isLabeled = opened.train.labels !== undefined;
  const classes = isLabeled ? classNames(data, opened) : [];
  if (classes.length < 2)
    throw usageError(
      `--data ${data} must have two classes or more, subfolders or labels in the file, got ${classes.length}`,
    );
  const settings: ClassifierSettings = {
    data,
    shape,
    width: width ?? (isImages({ shape }) ? 32 : 128),
    classes,
    ...(noisy && { noise: { schedule, timesteps } }),
    ...pace,
  };
  const model = buildClassifier(settings);
  const levels = noiseOf(settings);
  await train(options, opened, "Cross entropy (nats)", async (job) => {
    const { dataset, validation, backend } = job;
    const [label] = Object.keys(conditionInputs({ label: 0 }));
    const measureOn = (dataset: typeof job.dataset) =>
      noisyHeldOut<ClassifierNetwork>(
        { backend, dataset, levels: levels && { schedule: levels }, most: 250, label },
        (open, inputs, all) => classifierLosses(open, levels)({ ...inputs, label: all[label] }),
      );
    const measure = validation && measureOn(validation.dataset);
    const trained = await trainModel<ClassifierNetwork>({
      ...job,
      label: "Classifier",
      kind: "classifier",
      settings,
      model,
      sheet: undefined,
      validation: measure && {
        ...validation,
        measure: async (classifier) => (await measure(classifier)).loss,
      },
      train: (running) =>
        trainInLibrary({ ...running, network: model, dataset, schedule: levels, noisy }),
      files: (classifier) => classifierFiles(classifier, settings),
    });
    const test = await measureOn(job.test)(trained.model);
    note(
      `of the held-out items ${(100 * test.accuracy).toFixed(1)} % are classified rightly, at ${test.loss.toPrecision(3)} nats each${noisy ? ", over all noise levels" : ""}`,
    );
    return [
      trained,
      `the classifier is in ${out}`,
      noisy
        ? `sample --model DIR --classifier ${out} --class 0 --guidance 2 --out samples.png`
        : `evaluate --model DIR --data ${data} --features ${out}`,
      { heldOutLoss: test.loss, heldOutAccuracy: test.accuracy },
    ];
  });
}
