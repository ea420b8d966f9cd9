/*
 * What `gen train vae` minimizes, by the names of its flags:
 *
 *   --objective    its function in @gen/vae              its flags
 *   elbo           vaeLoss                               --beta --anneal --free-bits --draws
 *   vamp           vaeLoss, with a learned prior         --beta --anneal --draws --pseudo-inputs
 *   iwae, dreg     iwaeLoss, and its second gradient     --draws
 *   info           infoVaeLoss                           --lambda
 *   wae            waeLoss                               --lambda
 *   beta-tc        betaTcLoss                            --beta
 *   factor         factorVaeLoss, its own discriminator  --gamma
 *   vq             quantizedLoss, a learned codebook     --codes --codebook-decay --commitment
 *   fsq            quantizedLoss, rounded features       --levels
 */
import {
  cast,
  constant,
  type Expr,
  equal,
  exp,
  log,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  sum,
  tensor,
} from "@gen/graph";
import { adam, type ModelTrainingOptions, mlp } from "@gen/nn";
import {
  betaTcLoss,
  cyclicAnnealing,
  factorVaeLoss,
  infoVaeLoss,
  iwaeLoss,
  type Likelihood,
  linearAnnealing,
  quantizedLoss,
  type trainVae,
  type Vae,
  vaeLoss,
  waeLoss,
} from "@gen/vae";
import { usageError } from "./errors.ts";
import type { objectiveNames } from "./names.ts";

/** What a VAE learns to do, as its flags and its record say it; what is missing has its default. */
export interface ObjectiveSettings {
  readonly likelihood?: string;
  readonly objective?: (typeof objectiveNames)[number];
  readonly beta?: number;
  readonly anneal?: string;
  readonly freeBits?: number;
  readonly draws?: number;
  readonly lambda?: number;
  readonly pseudoInputs?: number;
  readonly gamma?: number;
  readonly codes?: number;
  readonly codebookDecay?: number;
  readonly commitment?: number;
  readonly levels?: readonly number[];
}

type Flag = Exclude<keyof ObjectiveSettings, "likelihood" | "objective">;

/** The flags that each objective takes. */
const flagsOf: Readonly<Record<(typeof objectiveNames)[number], readonly Flag[]>> = {
  elbo: ["beta", "anneal", "freeBits", "draws"],
  vamp: ["beta", "anneal", "draws", "pseudoInputs"],
  iwae: ["draws"],
  dreg: ["draws"],
  info: ["lambda"],
  wae: ["lambda"],
  "beta-tc": ["beta"],
  factor: ["gamma"],
  vq: ["codes", "codebookDecay", "commitment"],
  fsq: ["levels"],
};

const flagNames: Readonly<Record<Flag, string>> = {
  beta: "--beta",
  anneal: "--anneal",
  freeBits: "--free-bits",
  draws: "--draws",
  lambda: "--lambda",
  pseudoInputs: "--pseudo-inputs",
  gamma: "--gamma",
  codes: "--codes",
  codebookDecay: "--codebook-decay",
  commitment: "--commitment",
  levels: "--levels",
};

/**
 * The settings that flags give, without those that are not given.
 * @throws GenError `usage` for a flag that the objective does not take.
 */
export function objectiveSettings(options: ObjectiveSettings): ObjectiveSettings {
  const { objective = "elbo", likelihood } = options;
  const given = (Object.keys(flagNames) as Flag[]).filter((flag) => options[flag] !== undefined);
  const wrong = given.find((flag) => !flagsOf[objective].includes(flag));
  if (wrong) {
    const takes = flagsOf[objective].map((flag) => flagNames[flag]).join(", ");
    throw usageError(
      `${flagNames[wrong]} is not for --objective ${objective}, which takes ${takes}`,
    );
  }
  if (likelihood !== undefined) likelihoodOf(likelihood);
  return {
    ...(likelihood !== undefined && { likelihood }),
    ...(objective !== "elbo" && { objective }),
    ...Object.fromEntries(given.map((flag) => [flag, options[flag]])),
    ...(objective === "vamp" && { pseudoInputs: options.pseudoInputs ?? 50 }),
    ...(objective === "vq" && {
      codes: options.codes ?? 512,
      codebookDecay: options.codebookDecay ?? 0.99,
    }),
    ...(objective === "fsq" && { levels: options.levels ?? [8, 5, 5, 5] }),
    ...((objective === "iwae" || objective === "dreg") && { draws: options.draws ?? 5 }),
  };
}

/** The likelihood of a name such as `gaussian:0.1`. @throws GenError `usage` for another text. */
export function likelihoodOf(text: string): Likelihood {
  const [, name, value] = /^([a-z-]+)(?::(\d{0,5}(?:\.\d{1,9})?))?$/.exec(text) ?? [];
  const number = Number(value || Number.NaN);
  if (value === undefined) {
    if (name === "bernoulli" || name === "continuous-bernoulli") return name;
    if (name === "gaussian") return { sigma: "global" };
    if (name === "gaussian-predicted") return { sigma: "predicted" };
  }
  if (name === "gaussian" && number > 0) return { sigma: number };
  const levels = value === undefined ? 256 : number;
  if (Number.isInteger(levels) && levels >= 2 && levels <= 65_536) {
    if (name === "logistic") return { logistic: levels };
    if (name === "categorical") return { categorical: levels };
  }
  throw usageError(
    `--likelihood must be bernoulli, continuous-bernoulli, gaussian, gaussian:SIGMA, gaussian-predicted, logistic:LEVELS or categorical:LEVELS, got ${text}`,
  );
}

/** The weight of the KL term by --anneal: linear:STEPS, or cyclic:CYCLES of all steps. */
function annealing(text: string, to: number, steps: number): (step: number) => number {
  const [, kind, count] = /^(linear|cyclic)(?::(\d{1,9}))?$/.exec(text) ?? [];
  const whole = Number(count ?? 0);
  if (kind === "linear" && count !== "0")
    return linearAnnealing({ steps: whole || Math.ceil(steps / 4), to });
  if (kind === "cyclic" && count !== "0" && whole <= steps)
    return cyclicAnnealing({ steps, cycles: whole || 4, to });
  throw usageError(
    `--anneal must be linear, linear:STEPS, cyclic or cyclic:CYCLES with at most ${steps} cycles, got ${text}`,
  );
}

type CodesModel = Parameters<typeof quantizedLoss>[0];

/**
 * The loss of codes, and how many codes a batch uses: the exponential of the entropy of their shares.
 */
function withPerplexity(model: CodesModel, commitment: number | undefined) {
  const loss = quantizedLoss(model, { commitment });
  const numbers = constant(tensor(Float32Array.from({ length: model.codes }, (_, k) => k)));
  const measured = (inputs: { readonly x: Expr }): Record<string, Expr> => {
    const rows = reshape(model.encode(inputs.x).codes, [-1, 1]);
    const shares = mean(cast(equal(rows, numbers), "float32"), [0]);
    const perplexity = exp(neg(sum(mul(shares, log(maximum(shares, 1e-30))))));
    return { ...loss(inputs), perplexity };
  };
  return Object.assign(measured, { updates: loss.updates });
}

/** Kim and Mnih's rule for the discriminator. */
const judging = adam({ learningRate: 1e-4, betas: [0.5, 0.9] });

/** What tells draws of q(z) from draws of its features apart. */
const discriminatorOf = ({ latent }: Vae) =>
  mlp({
    name: "discriminator.",
    inputs: latent[0],
    hidden: [256, 256, 256],
    outputs: 2,
    activation: "relu",
  });

type Training = Pick<Parameters<typeof trainVae>[0], "beta" | "samples" | "objective">;

/** The options of `trainVae` for the settings. @throws GenError `usage` for a wrong --anneal. */
export function objectiveOf(
  { objective = "elbo", beta, anneal, freeBits, draws, lambda, ...others }: ObjectiveSettings,
  { steps, dataSize }: Pick<ModelTrainingOptions, "steps"> & { readonly dataSize: number },
): Training {
  switch (objective) {
    case "iwae":
      return { samples: draws, objective: (model) => iwaeLoss(model) };
    case "dreg": {
      const gradient = "doubly-reparameterized";
      return { samples: draws, objective: (model) => iwaeLoss(model, { gradient }) };
    }
    case "info":
      return { objective: (model) => infoVaeLoss(model, { lambda }) };
    case "wae":
      return { objective: (model) => waeLoss(model, { lambda }) };
    case "vq":
    case "fsq": {
      const { commitment } = others;
      return { objective: (model) => withPerplexity(model as CodesModel, commitment) };
    }
    case "factor":
      return {
        objective: (model) =>
          factorVaeLoss(model, discriminatorOf(model), { gamma: others.gamma, optimizer: judging }),
      };
    case "beta-tc":
      return { objective: (model) => betaTcLoss(model, { beta, dataSize }) };
    default: {
      const weight = anneal === undefined ? beta : annealing(anneal, beta ?? 1, steps);
      if (!freeBits) return { samples: draws, beta: weight };
      const fixed = typeof weight === "number" ? weight : undefined;
      return {
        samples: draws,
        beta: weight,
        objective: (model) => vaeLoss(model, { beta: fixed, freeBits }),
      };
    }
  }
}
