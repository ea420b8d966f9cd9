import { Command } from "commander";
import { objectiveNames } from "../names.ts";
import { choice, codeLevels, decimal, integer, withCommonOptions } from "../options.ts";
import { resumeHelp, withTrainOptions } from "../training-options.ts";

/** `gen train vae`. */
export function vaeCommand(): Command {
  const description = "train a variational autoencoder on images";
  const vae = withTrainOptions(new Command("vae").description(description), 4000, "fashion-mnist")
    .addOption(
      choice(
        "--network <kind>",
        "linear layers, convolutions, or convolutions with residual blocks",
        ["mlp", "conv", "residual"],
        "mlp",
      ),
    )
    .option(
      "--width <n>",
      "features of the hidden layer, or of the first convolution (default: 400, or 32 for conv and residual)",
      integer(1, 8192),
    )
    .option("--latent <n>", "latent features", integer(1, 4096), 20)
    .option(
      "--likelihood <name>",
      "what the decoder says of a pixel: bernoulli, continuous-bernoulli, gaussian with one learned deviation, gaussian:SIGMA, gaussian-predicted, logistic:LEVELS or categorical:LEVELS (default: bernoulli; 256 levels)",
    )
    .addOption(
      choice("--objective <name>", "what is minimized; see below (default: elbo)", objectiveNames),
    )
    .option(
      "--beta <x>",
      "the weight of the KL term (default: 1, or 6 for beta-tc)",
      decimal(0, 1e6),
    )
    .option(
      "--anneal <how>",
      "raise the weight from 0: linear, linear:STEPS, cyclic or cyclic:CYCLES (default: none; a quarter of the steps, 4 cycles)",
    )
    .option(
      "--free-bits <x>",
      "nats of each latent that cost nothing (default: 0)",
      decimal(0, 1e6),
    )
    .option(
      "--draws <k>",
      "draws of z for each item (default: 1, or 5 for iwae and dreg)",
      integer(1, 1000),
    )
    .option(
      "--lambda <x>",
      "the weight of the discrepancy (default: 1 for info, 10 for wae)",
      decimal(0, 1e6),
    )
    .option("--pseudo-inputs <n>", "inputs of the prior of vamp (default: 50)", integer(1, 4096))
    .option(
      "--gamma <x>",
      "the weight of the total correlation of factor (default: 10)",
      decimal(0, 1e6),
    )
    .option("--codes <n>", "codes of vq (default: 512)", integer(2, 65_536))
    .option(
      "--codebook-decay <x>",
      "the share that the moving averages of vq's codes keep at each step (default: 0.99)",
      decimal(0, 0.999999),
    )
    .option(
      "--commitment <x>",
      "how strongly vq draws the encoder to its codes (default: 0.25)",
      decimal(0, 1e6),
    )
    .option(
      "--levels <list>",
      "the levels of each feature of fsq, with commas between; their product is the number of codes (default: 8,5,5,5)",
      codeLevels,
    )
    .option("--classes", "train a conditional VAE, which gen sample draws from by --class", false);
  return withCommonOptions(vae, "gen-vae")
    .addHelpText(
      "after",
      `
Objectives, and the options that each takes:
elbo, the bound itself: --beta --anneal --free-bits --draws
vamp, the bound with a learned prior: --beta --anneal --draws --pseudo-inputs
iwae, the bound of K draws, and dreg, the same with the doubly reparameterized gradient: --draws
info, InfoVAE with the MMD of q(z) and the prior, and wae, the squared error with it: --lambda
beta-tc, the bound with a weight on the total correlation: --beta
factor, the same by a discriminator, which Adam trains with a rate of 0.0001: --gamma
vq, codes of a learned codebook, each of --latent numbers: --codes --codebook-decay --commitment
fsq, codes of rounded features: --levels

A VAE of codes has 16 for each image with --network mlp, and a map of a fourth of the sides with conv and residual.
perplexity says how many codes a batch uses.

A VAE with --classes has no ONNX files, and only the gen command uses its folder.
${resumeHelp}

Examples:
  gen train vae --out vae
  gen train vae --likelihood gaussian --beta 2 --anneal linear:1000 --out beta
  gen train vae --objective iwae --draws 10 --out iwae
  gen train vae --data digits --objective vq --network conv --latent 8 --codes 64 --out codes
  gen train vae --data digits --classes --latent 4 --out by-class
  gen train vae --data pictures/ --size 48x32 --network conv --latent 32 --out vae
  gen train ddpm --vae vae --data fashion-mnist --out latents`,
    )
    .action(async (options) => (await import("../runs/train-vae.ts")).trainVae(options));
}
