/*
 * The options of the library's functions that the commands call, beside the flags: each field is a
 * flag, or stands here with the reason why there is none. The fields come from the API reports, so a
 * new field fails the test until somebody decides.
 */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it, test } from "vitest";
import { program } from "../src/program.ts";

/** A flag with its command, or why there is none. */
type Place = { readonly flag: string } | { readonly none: string };

const flag = (flag: string): Place => ({ flag });
const none = (none: string): Place => ({ none });

const runs = {
  backend: flag("sample --backend"),
  signal: none("Ctrl-C"),
  onStep: none("the progress line"),
  seed: flag("sample --seed"),
};
const values = none("the values that the command computes");
const layers = none(
  "the network's size is --width and --network; other layers are a matter of code",
);
const rates = flag("train ddpm --learning-rate");
const research = none("the command trains by the simple loss; others are a matter of research");
const decay = flag("train ddpm --weight-decay");
const churn = none("the churn of Karras et al. in diffusers' classes, for code");
const betas = none("a constant of the optimizer's paper, which nobody has to change");

const kernel = none("the kernel of its paper");

/** The options by package and type. */
const table: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Place>>>>>> = {
  sampling: {
    GenerateOptions: {
      ...{ backend: runs.backend, signal: runs.signal, onStep: runs.onStep },
      clip: flag("sample --no-clip"),
      count: flag("sample --count"),
      finish: values,
      guidance: flag("sample --guidance"),
      noise: flag("sample --init"),
      part: none("gen jobs, which shares a run"),
      shape: flag("sample --size"),
      stepConditions: values,
    },
    SchedulerStepsOptions: {
      sampler: flag("sample --sampler"),
      spacing: flag("sample --spacing"),
    },
    ClassOptions: {
      compat: flag("sample --compat"),
      eta: flag("sample --eta"),
      imageLength: values,
      intermediateTimesteps: none("of two-stage LCM, as diffusers' callers of SCM"),
      maxTimesteps: none("of SCM, as diffusers has it"),
      mu: none("by the length of the image"),
      originalInferenceSteps: none("a constant of LCM's training"),
      ...{ sChurn: churn, sNoise: churn, sTmax: churn, sTmin: churn },
      sigmas: flag("generate --sigmas"),
      steps: flag("sample --steps"),
      strength: flag("generate --strength"),
      timesteps: none("a list by hand, for code; --spacing and --sigmas spread the steps"),
      useClippedModelOutput: none("a mode of diffusers, for code"),
    },
    ClassifierFreeOptions: {
      scale: flag("sample --guidance"),
      second: flag("generate --image-guidance"),
      unconditional: flag("sample --unconditional"),
    },
    GuidanceOptions: {
      interval: none("a matter of research, for code"),
      rescale: flag("generate --guidance-rescale"),
    },
    SampleOptions: {
      ...{ onStep: runs.onStep, seed: runs.seed, signal: runs.signal },
      clip: none("inversion does not clip"),
      condition: flag("invert --class"),
      firstIndex: values,
      initialScale: values,
      noise: values,
      shape: values,
      stepConditions: values,
      steps: flag("invert --steps"),
      x: flag("invert --data"),
    },
    SamplerOptions: { backend: runs.backend, denoiser: flag("invert --model") },
    InversionOptions: {},
    StepOptions: {
      eta: none("inversion is deterministic"),
      keepEpsilon: values,
      predicts: flag("sample --predicts"),
    },
  },
  schedules: {
    TimestepOptions: {
      offset: none("a field of the scheduler's file"),
      spacing: none("a field of the scheduler's file"),
      steps: flag("invert --steps"),
    },
  },
  ddim: { InvertOptions: { schedule: none("the scheduler's file"), x: flag("invert --items") } },
  nn: {
    ModelTrainingOptions: {
      batchSize: flag("train ddpm --batch"),
      learningRate: rates,
      optimizer: flag("train ddpm --optimizer"),
      seed: flag("train ddpm --seed"),
    },
    TrainRunOptions: {
      accumulate: flag("train ddpm --accumulate"),
      backend: flag("train ddpm --backend"),
      clipNorm: none("no model that the command trains needs it"),
      ema: flag("train ddpm --ema"),
      logEvery: none("about 20,000 readings of the loss, whatever the steps"),
      onStep: runs.onStep,
      resume: none("the folder of --out"),
      signal: runs.signal,
      steps: flag("train ddpm --steps"),
      stepsPerRun: none("a matter of speed, measured by the library"),
    },
    AdamOptions: { betas, epsilon: betas, learningRate: rates, weightDecay: decay },
    LionOptions: { betas, learningRate: rates, weightDecay: decay },
    SgdOptions: {
      learningRate: rates,
      momentum: flag("train ddpm --momentum"),
      nesterov: none("seldom better, for code"),
      weightDecay: decay,
    },
    MlpOptions: {
      activation: layers,
      hidden: flag("train ddpm --width"),
      inputs: values,
      outputs: values,
      time: layers,
    },
    UnetOptions: {
      attention: layers,
      blocks: layers,
      channels: flag("train ddpm --width"),
      crossAttention: none("the command trains on no texts"),
      dropout: layers,
      groups: layers,
      heads: layers,
      inChannels: values,
      learnedVariance: none("its loss needs the hybrid objective, for code"),
      multipliers: layers,
      outChannels: values,
      size: values,
    },
    DenoiserOptions: { classes: flag("train ddpm --classes") },
    NetworkOptions: { name: values, seed: flag("train ddpm --seed") },
  },
  ddpm: {
    TrainDdpmOptions: {
      condition: values,
      conditionDropout: flag("train ddpm --class-dropout"),
      network: flag("train ddpm --network"),
      onWarning: none("notes on stderr"),
      predicts: flag("train ddpm --predicts"),
      times: none("a matter of research, for code"),
      unconditional: values,
    },
    ObjectiveOptions: {
      decoder: research,
      objective: research,
      variance: research,
      weights: research,
    },
    TrainNoisyOptions: {
      dataset: flag("train ddpm --data"),
      schedule: flag("train ddpm --schedule"),
    },
  },
  vae: {
    TrainVaeOptions: {
      beta: flag("train vae --beta"),
      dataset: flag("train vae --data"),
      model: flag("train vae --network"),
      objective: flag("train vae --objective"),
      samples: flag("train vae --draws"),
    },
    MlpVaeOptions: {
      hidden: flag("train vae --width"),
      latent: flag("train vae --latent"),
      shape: values,
    },
    ConvVaeOptions: {
      channels: flag("train vae --width"),
      imageChannels: flag("train vae --channels"),
      latent: flag("train vae --latent"),
      map: layers,
      refine: flag("train vae --network"),
      size: flag("train vae --size"),
    },
    VaeNetworkOptions: {
      activation: layers,
      classes: flag("train vae --classes"),
      likelihood: flag("train vae --likelihood"),
      name: values,
      pseudoInputs: flag("train vae --pseudo-inputs"),
      seed: flag("train vae --seed"),
    },
    IwaeOptions: {
      elboShare: none("of CIWAE, for code"),
      gradient: flag("train vae --objective"),
      groups: none("of MIWAE, for code"),
    },
    InfoVaeOptions: {
      alpha: none("its paper's value, for code"),
      kernel,
      lambda: flag("train vae --lambda"),
    },
    WaeOptions: {
      kernel,
      lambda: flag("train vae --lambda"),
      random: none("a WAE with a deterministic encoder, for code"),
    },
    BetaTcOptions: {
      alpha: none("1, as in its paper"),
      beta: flag("train vae --beta"),
      dataSize: values,
      gamma: none("1, as in its paper"),
      sampling: none("the weighted estimate of its paper"),
    },
    RunOptions: {
      backend: flag("encode --backend"),
      batchSize: none("by the size of an image"),
      model: flag("encode --model"),
      onProgress: runs.onStep,
      seed: flag("encode --seed"),
      signal: runs.signal,
    },
  },
  pipeline: {
    TextToImageOptions: {
      clipSkip: flag("generate --clip-skip"),
      control: flag("generate --control"),
      count: flag("generate --count"),
      guidance: flag("generate --guidance"),
      guidanceRescale: flag("generate --guidance-rescale"),
      negativePrompt: flag("generate --negative"),
      onStep: flag("generate --previews"),
      originalInferenceSteps: none("a constant of LCM's training"),
      prompt: none("the arguments of gen generate"),
      safetyChecker: flag("generate --safety-checker"),
      size: flag("generate --size"),
      tileSize: flag("generate --tile"),
      torchDevice: flag("generate --torch-device"),
      torchSeed: flag("generate --torch-seed"),
      weighted: flag("generate --weighted"),
    },
    ImageToImageOptions: {
      aestheticScore: none("of XL's refiner alone, with its usual value"),
      image: flag("generate --image"),
      imageGuidance: flag("generate --image-guidance"),
      negativeAestheticScore: none("of XL's refiner alone, with its usual value"),
      strength: flag("generate --strength"),
    },
    InpaintOptions: { mask: flag("generate --mask"), strength: flag("generate --strength") },
    OpenImageModelOptions: {
      backend: flag("generate --backend"),
      controlNets: flag("generate --control"),
      decoder: flag("generate --decoder"),
      embeddings: flag("generate --embedding"),
      loras: flag("generate --lora"),
      previewDecoder: none("a preview has a pixel for each latent, in no time"),
    },
    LoadPipelineOptions: {
      around: values,
      loras: flag("sample --lora"),
      shape: flag("sample --size"),
    },
    LoadModelOptions: {
      changes: values,
      limit: none("2 GiB"),
      open: values,
      readWeights: values,
      wholeAbove: none("by the backend"),
    },
    LoraOption: { bytes: flag("generate --lora"), name: values, strength: flag("generate --lora") },
    ControlOptions: {
      end: flag("generate --control"),
      guess: none("a mode of diffusers for pictures without a prompt, for code"),
      image: flag("generate --control"),
      scale: flag("generate --control"),
      start: flag("generate --control"),
    },
  },
  data: {
    OpenDatasetOptions: {
      key: none("an npz file for training has one array of items"),
      labels: flag("train ddpm --labels"),
      range: flag("train ddpm --range"),
    },
    ImageFolderOptions: {
      channels: flag("train ddpm --channels"),
      fit: flag("train ddpm --fit"),
      limit: none("1 GiB"),
      onProgress: runs.onStep,
      size: flag("train ddpm --size"),
    },
    Augmentation: {
      dequantize: flag("train ddpm --augment"),
      flip: flag("train ddpm --augment"),
      rotate: flag("train ddpm --augment"),
      shift: flag("train ddpm --augment"),
    },
  },
  "model-files": {
    ModelFilesOptions: {
      capacity: none("gen cache --clear removes files"),
      folder: none("XDG_CACHE_HOME"),
      limit: none("2 GiB"),
      name: none("of browsers"),
      onWarning: none("notes on stderr"),
      store: none("of code"),
    },
  },
  graph: {
    OnnxOptions: {
      float16: flag("export --dtype"),
      int8: flag("export --dtype"),
      name: values,
      opset: none("17, which every runtime of today reads"),
    },
  },
};

const report = (name: string) =>
  readFileSync(new URL(`../../${name}/api.md`, import.meta.url), "utf8");

/** An interface of a report: its own fields, and the options that it extends. */
function interfaceOf(text: string, name: string) {
  const [, head, body] =
    new RegExp(`^interface ${name}\\b(.*)\\{\\n((?: .*\\n)*)\\}`, "m").exec(text) ?? [];
  const fields = [...(body ?? "").matchAll(/^ {4}(?:readonly )?(\w+)\??[:(<]/gm)];
  const bases = [...(head ?? "").matchAll(/\b\w+Options\b/g)];
  return {
    isThere: head !== undefined,
    fields: fields.map(([, field]) => field).sort(),
    bases: bases.map(([base]) => base),
  };
}

/** Every `COMMAND --flag`. */
const flagsOf = (command: Command, path = ""): string[] => [
  ...command.options.map(({ long }) => `${path} ${long}`.trim()),
  ...command.commands.flatMap((child) => flagsOf(child, `${path} ${child.name()}`.trim())),
];
const flags = new Set(flagsOf(program()));

const types = Object.entries(table).flatMap(([name, all]) =>
  Object.entries(all).map(([type, places]) => ({ name, type, places })),
);

describe.each(types)("$type of @gen/$name", ({ name, type, places }) => {
  it("has a flag for each field, or a reason", () => {
    const found = interfaceOf(report(name), type);
    if (!found.isThere) expect(report(name)).toContain(`interface ${type}`);
    expect(Object.keys(places).sort()).toEqual(found.fields);
    for (const place of Object.values(places)) {
      if ("flag" in place) expect(flags).toContain(place.flag);
      else expect(place.none).toMatch(/\w/);
    }
    const known = types.map((each) => each.type);
    for (const base of found.bases) expect(known).toContain(base);
  });
});

test("a new field is seen, and so are the options that are extended", () => {
  const text =
    'interface XOptions<T> extends Omit<YOptions, "a"> {\n    readonly a?: {\n        b: 1;\n    };\n    c(): void;\n}\n';
  expect(interfaceOf(text, "XOptions")).toEqual({
    isThere: true,
    fields: ["a", "c"],
    bases: ["YOptions"],
  });
});
