/*
 * The topics of `gen help TOPIC`: what belongs to several commands. The Chinese texts are in
 * `help-topics-zh.ts`. Paragraphs stand between empty lines, and lines that begin with two spaces
 * stay as they are.
 */
import { samplerHelp } from "./samplers.ts";

/** The topics, in the order of their list. */
export const topicNames = [
  "seeds",
  "samplers",
  "guidance",
  "formats",
  "training",
  "folders",
  "backends",
  "config",
  "errors",
] as const;

export type TopicName = (typeof topicNames)[number];

/** The paragraph that stands for the list of samplers. */
export const SAMPLERS = "  SAMPLERS";

/** A topic: its title, and its text. */
export interface Topic {
  readonly title: string;
  readonly text: string;
}

export const topics = (): Readonly<Record<TopicName, Topic>> => ({
  seeds: {
    title: "which random numbers a run draws",
    text: `--seed decides all random numbers. Noise has a key of its own for each sample and step, so
sample 3 is the same with --count 4 and --count 400, and the same on every backend to about 1e-5.

--torch-seed draws what PyTorch draws after torch.manual_seed, for comparisons with diffusers. It
takes the place of --seed.

--init starts from noise of a file, such as that of gen invert. gen interpolate --seeds walks from the
noise of one seed to that of another.`,
  },
  samplers: {
    title: "how a diffusion model is sampled",
    text: `A sampler takes the steps from noise to data. Without --sampler the class of the folder's scheduler
decides. Fewer --steps are faster and less exact: gen compare shows both for several samplers.

${SAMPLERS}

ddim with --eta 0, euler, heun, lms, dpm2, dpm-solver++, unipc and deis draw no noise after the first
step: the same noise gives the same sample. --eta 1 makes ddim the sampler of DDPM.`,
  },
  guidance: {
    title: "how strongly a class or a prompt counts",
    text: `With --guidance w above 1 the network is asked twice, with the condition and without, and the
difference counts w times: samples fit the condition better, and differ less from each other.

A model of gen train ddpm --classes hides the class of a share of the items, --class-dropout, so that
it knows both. Of another model --unconditional says what means none. --guidance-rescale brings
back the spread that a large scale adds.`,
  },
  formats: {
    title: "files that the commands read and write",
    text: `--data takes a folder of PNG, JPEG or WebP files, whose subfolders are classes, one such picture, or an
idx, npy, npz or csv file. JPEG and WebP need the package sharp.

--out decides what is written: .png a picture, .npy the numbers as float32, images in [-1, 1]; another
path is a folder with both. A file is written completely or not at all, and nothing is replaced
without --force.

Models are folders of ONNX and JSON files in the layout of diffusers. gen export writes them in
float32, float16 or int8, and weights as safetensors with PyTorch's names.`,
  },
  training: {
    title: "what a training saves, and how it goes on",
    text: `A training saves every --save-every seconds. After Ctrl-C, a crash or a full disk the same command
goes on from the last save and ends at the same weights. More --steps extend it.

--validate-every measures a held-out share and keeps the best model in best/; --early-stop ends by it.
--time-limit ends a run in time. --samples-every draws, --log writes metrics.jsonl or the event files
of TensorBoard.

A loss that is not finite stops the training with its last save: take a smaller --learning-rate. Too
little memory: a smaller --batch, or --accumulate, which has the same result.`,
  },
  folders: {
    title: "what lies in a model's folder",
    text: `  unet/model.onnx                  the denoiser
  scheduler/scheduler_config.json  the noise schedule
  vae_encoder/, vae_decoder/       of latent diffusion, or a VAE alone
  model_index.json                 the parts, and classes by name
  training/                        the state that the training continues from
  best/                            the best model by the held-out share

diffusers and ONNX Runtime read the same folder. gen inspect says what a folder holds and where it
runs. A URL in place of a folder is downloaded once: gen cache lists the files.`,
  },
  backends: {
    title: "what computes",
    text: `--backend onnx takes the best of ONNX Runtime, tfjs the best of TensorFlow.js, and cpu needs no package
but is slow. gen backends tests each, and gen doctor says what is missing and how to get it.

Models that are large, quantized, or have operations that only ONNX Runtime knows run on its backends
alone.`,
  },
  config: {
    title: "a run as a file",
    text: `--print-config prints all options of a command as JSON, with the version of gen, and does nothing else.
--config takes such a file and repeats the run bit for bit on the same backend. Flags on the command
line win over the file. --force is never in a file.

  gen train ddpm --data two-moons --steps 2000 --print-config > moons.json
  gen train ddpm --config moons.json --out moons
  gen train ddpm --config moons.json --seed 1 --out moons-1

Paths of a file are those of the folder in which the command runs.`,
  },
  errors: {
    title: "exit codes, progress and Ctrl-C",
    text: `An error is one line on stderr that names the option, the rule and the value. GEN_DEBUG=1 adds the
stack.

  0    done
  1    failure: the disk is full, a download broke, a backend failed
  2    bad input
  130  Ctrl-C

The first Ctrl-C saves the work so far, a second one quits at once. Progress and notes go to stderr, the
result goes to stdout; --json makes it JSON.`,
  },
});

/** A topic as it is printed, in lines of 80 columns, with the list of samplers in its place. */
export const topicText = ({ text }: Topic): string =>
  text
    .split("\n\n")
    .map((part) => {
      if (part === SAMPLERS) return samplerHelp();
      if (part.startsWith("  ")) return part;
      return part
        .replaceAll("\n", " ")
        .replace(/(.{1,80})(?: |$)/g, "$1\n")
        .trimEnd();
    })
    .join("\n\n");
