import { openBackend } from "@gen/runtime-gpu/open";
import { Command } from "commander";
import { usageError } from "../errors.ts";
import { checkModelFolder, claimOutput } from "../files.ts";
import {
  choice,
  classLabels,
  decimal,
  httpUrl,
  integer,
  loraFile,
  namedPath,
  path,
  size,
  withCommonOptions,
  words,
} from "../options.ts";
import { outputKind } from "../output-kind.ts";
import type { SampleCommandOptions } from "../runs/sample.ts";
import {
  checkEta,
  checkNoise,
  etaDefaults,
  etaHelp,
  samplerHelp,
  samplerOption,
} from "../samplers.ts";
import { interruptSignal } from "../terminal.ts";

/** `gen sample`. */
export function sampleCommand(): Command {
  const command = new Command("sample")
    .description("draw samples from a pipeline folder, or from the prior of a VAE")
    .option(
      "--model <folder>",
      "a pipeline folder or its http(s) URL, with unet/model.onnx, scheduler/scheduler_config.json, and vae_decoder/model.onnx for latents; or a folder of `gen train vae`",
      path,
    )
    .addOption(samplerOption())
    .option(
      "--steps <n>",
      "sampling steps (default: 20; 4 for lcm, every training step for ddpm)",
      integer(1, 100000),
    )
    .option("--eta <x>", etaHelp(etaDefaults), decimal(0, 1))
    .option(
      "--count <n>",
      "number of samples, of each class with --class (default: 16, or as many as --init or --condition has)",
      integer(1),
    )
    .option(
      "--grid <n>",
      "n x n pictures of a VAE with 2 latents instead, at the quantiles of its prior",
      integer(1, 1000),
    )
    .option(
      "--prior <name|folder>",
      "where a VAE's latents come from: own, its prior; mixture, Gaussians fitted to the latents of --data; or a folder of `gen train ddpm --vae`, a diffusion model of its latents (default: own)",
      path,
    )
    .option("--components <n>", "Gaussians of --prior mixture (default: 10)", integer(1, 1000))
    .option(
      "--data <name|path>",
      "the data of --prior mixture (default: what the VAE was trained on)",
      path,
    )
    .option(
      "--class <label>",
      "the class of the samples, for a class-conditional model: a number or a name; repeat it, or list numbers with commas, for samples of each",
      classLabels,
    )
    .option(
      "--condition <name=file.npy>",
      "what the denoiser takes beside x and t, [count, ...] or [1, ...] for all; repeat it for more",
      namedPath,
    )
    .option(
      "--guidance <x>",
      "the scale of guidance; 1 or less is none (default: 4 for DiT, else none)",
      decimal(0, 1000),
    )
    .option(
      "--classifier <folder>",
      "a folder of `gen train classifier --noisy` that guides the samples to --class; --guidance is its strength (default: 1)",
      path,
    )
    .option(
      "--unconditional <name=file.npy>",
      "the condition that means none, [1, ...], for --guidance (default for DiT: its label for it)",
      namedPath,
    )
    .option(
      "--size <w>[x<h>]",
      "width and height of the denoiser's output, if the model leaves them open (default: those of unet/config.json or --init)",
      size,
    )
    .option(
      "--init <file.npy>",
      "initial noise [count, ...] as floats, instead of the seed's",
      path,
    )
    .option(
      "--torch-seed <n>",
      "draw all noise as PyTorch does on the CPU after torch.manual_seed(n), instead of --seed",
      integer(0),
    )
    .addOption(
      choice(
        "--compat <library>",
        "follow the scheduler's class fault for fault (default: where it is wrong, the right formula; --torch-seed implies it)",
        ["diffusers"],
      ),
    )
    .addOption(
      choice("--predicts <type>", "what the denoiser predicts, in place of the scheduler's", [
        "epsilon",
        "sample",
        "v",
        "flow",
      ]),
    )
    .addOption(
      choice(
        "--spacing <name>",
        "how the steps are spread, in place of the scheduler's; optimal looks at the model first",
        ["leading", "trailing", "linspace", "optimal"],
      ),
    )
    .option(
      "--schedule-shift <x>",
      "the shift of a flow's schedule, in place of the scheduler's",
      decimal(0, 1000, true),
    )
    .option("--zero-snr", "rescale the betas so that the last level holds no signal")
    .option(
      "--remote <url>",
      "a server of the Open Inference Protocol (Triton, OpenVINO, MLServer) that runs the denoiser; the steps run here, and --model needs its scheduler alone",
      httpUrl,
    )
    .option("--remote-model <name>", "the denoiser's name on that server (default: unet)", words)
    .option("--resume", "go on with a run of --remote that ended early")
    .option(
      "--lora <file[:strength]>",
      "a LoRA in safetensors, merged into the model; repeat it for more (default strength: 1)",
      loraFile,
    )
    .option("--no-clip", "do not clip the clean estimate, even if the scheduler does");
  return withCommonOptions(command, "samples.png")
    .addHelpText(
      "after",
      `
Samplers:
${samplerHelp()}

An --out path with the ending .png is a picture of all samples, with .npy the numbers (images in
[-1, 1]). Any other path is a folder with both and a file for each image.

If the scheduler clips, ddim keeps the predicted noise and ddpm computes it again, as diffusers'
DDIMScheduler and DDPMScheduler do. With --guidance or --classifier an estimate is clipped so
often that the kept noise may spoil samples: then try --no-clip. --torch-seed draws the initial
noise first, then the noise of each step, for all samples at once, as they do.

If a flow's shift grows with the image, 2 x 2 pixels of the denoiser's output are one token, as in
diffusers' pipelines.

With --remote, the server's answers are kept in a file beside --out until the run is done.
GEN_REMOTE_TOKEN is sent to the server as a token.

A model at a URL is downloaded once, kept in the user's cache and checked on each use.

Examples:
  gen sample --model moons --count 2000 --out moons.png
  gen sample --model vae --count 64 --out prior.png
  gen sample --model vae --prior mixture --components 20 --out mixture.png
  gen sample --model vae --prior latents --steps 20 --out by-diffusion.png
  gen sample --model digits --sampler ddpm --seed 7 --out digits/
  gen sample --model latents --steps 50 --eta 0.5 --out garments.npy
  gen sample --model digits --lora adapted/lora.safetensors:0.5 --out half.png
  gen sample --model digits --classifier guide --class 3 --guidance 4 --out threes.png
  gen sample --model dit --class 207,360 --count 2 --guidance 4 --out dogs-otters.png
  gen sample --model theirs --condition context=states.npy --unconditional context=none.npy --guidance 3
  gen sample --model theirs --remote http://localhost:8000 --remote-model unet --count 64
  gen sample --model theirs --sampler dpm-solver++ --size 32 --torch-seed 0 --out theirs.png`,
    )
    .action(run);
}

async function run(options: SampleCommandOptions, command: Command): Promise<void> {
  const { model, out, eta, sampler, force } = options;
  // A mandatory option of the parser would be reported before an unknown flag.
  if (model === undefined)
    throw usageError("--model must be given: a folder as `gen train ddpm` makes it");
  checkEta(eta, sampler);
  checkNoise(options, command.getOptionValueSource("seed") !== "default");
  const kind = outputKind(out);
  await claimOutput(out, { force, kind: kind === "folder" ? "folder" : "file" });
  const signal = interruptSignal();
  await checkModelFolder(model);
  const { remote } = options;
  if (remote !== undefined) {
    const { runRemoteSample } = await import("../runs/sample-remote.ts");
    return runRemoteSample({ ...options, model, remote, kind, signal });
  }
  const ofRemote = (["remoteModel", "resume"] as const).find((name) => options[name] !== undefined);
  if (ofRemote)
    throw usageError(`--${ofRemote === "resume" ? ofRemote : "remote-model"} needs --remote`);
  const { isVaeFolder } = await import("../latent-model.ts");
  const { prior } = options;
  if (await isVaeFolder(model)) {
    if (prior !== undefined && prior !== "own" && prior !== "mixture") {
      const { checkPrior } = await import("../latent-prior.ts");
      await checkPrior(model, prior);
      return sampleDiffusion({ ...options, model: prior, kind, signal });
    }
    const { sampleVae } = await import("../runs/sample-vae.ts");
    return sampleVae({ ...options, model, kind, signal });
  }
  const ofVae = (["grid", "prior", "components", "data"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (ofVae) throw usageError(`--${ofVae} is for a VAE, as \`gen train vae\` makes it`);
  await sampleDiffusion({ ...options, model, kind, signal });
}

async function sampleDiffusion(
  options: Omit<Parameters<typeof import("../runs/sample.ts")["runSample"]>[0], "opening">,
): Promise<void> {
  // A stranger's file may crash the runtime. That ends the runtime's own process alone, which starts
  // while this process loads its modules and reads the files.
  const opening = openBackend(options.backend, { isolate: true });
  opening.catch(() => undefined);
  const { runSample } = await import("../runs/sample.ts");
  await runSample({ ...options, opening });
}
