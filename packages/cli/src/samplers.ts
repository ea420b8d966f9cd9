import type { SamplerName } from "@gen/sampling";
import { usageError } from "./errors.ts";
import { choice } from "./options.ts";

const help: Readonly<Record<SamplerName, string>> = {
  ddim: "Song et al. 2021; --eta adds noise",
  ddpm: "Ho et al. 2020; every training step by default",
  euler: "first-order steps of the flow in sigma",
  "euler-ancestral": "euler to a lower level, then fresh noise of amount --eta",
  heun: "second order; two evaluations for each step but the last",
  lms: "linear multistep in sigma, order 4",
  dpm2: "DPM-Solver-2 in sigma; two evaluations for each step but the last",
  "dpm2-ancestral": "dpm2 to a lower level, then fresh noise",
  "dpm-sde": "dpm-solver++ in two stages with fresh noise",
  "dpm-solver++": "multistep; the order is the scheduler's, or 2",
  "dpm-solver++-single": "dpm-solver++ in groups of steps",
  "dpm-solver++-sde": "dpm-solver++ with fresh noise",
  unipc: "predictor and corrector; the order is the scheduler's, or 2",
  deis: "exponential integrator over the last predictions",
  "sa-solver": "stochastic Adams predictor and corrector",
  pndm: "DDIM's step along the last four predictions, after a Runge-Kutta start",
  ipndm: "the same with lower orders in place of that start",
  "flow-euler": "for FlowMatchEulerDiscreteScheduler, with its steps",
  lcm: "for latent consistency models; 4 steps by default",
  tcd: "for trajectory consistency models; 4 steps; --eta is their gamma",
};

/** Every sampler, in the order of `@gen/sampling`. */
export const samplerNames = Object.keys(help) as readonly SamplerName[];

/** The samplers that take `--eta`, with the defaults of `gen sample`. */
export const etaDefaults: Readonly<Record<string, number>> = {
  ddim: 0,
  "euler-ancestral": 1,
  tcd: 0.3,
};

const noisySamplers = Object.keys(etaDefaults);

/** The help of `--eta`. */
export const etaHelp = (defaults: typeof etaDefaults): string => {
  const usual = Object.entries(defaults).map(([name, eta]) => `${eta} for ${name}`);
  return `${noisySamplers.join(", ")}: fresh noise at each step, from 0 to 1 (default: ${usual.join(", ")})`;
};

/** `--sampler`. */
export const samplerOption = () =>
  choice("--sampler <name>", "the sampler (default: the scheduler's class itself)", samplerNames);

/** A line for each sampler, for the command's help. */
export const samplerHelp = (): string =>
  samplerNames.map((name) => `  ${name.padEnd(20)} ${help[name]}`).join("\n");

/** @throws GenError `usage` when the sampler takes no eta. */
export function checkEta(eta: number | undefined, sampler: SamplerName | undefined): void {
  if (eta === undefined || sampler === undefined || noisySamplers.includes(sampler)) return;
  throw usageError(`--eta is for --sampler ${noisySamplers.join(" or ")}, got ${sampler}`);
}

/** @throws GenError `usage` when --torch-seed comes with another source of noise. */
export function checkNoise(
  { torchSeed, init }: { readonly torchSeed?: number; readonly init?: string },
  seeded: boolean,
): void {
  if (torchSeed === undefined) return;
  if (seeded) throw usageError("--torch-seed takes the place of --seed; leave one of them out");
  if (init !== undefined)
    throw usageError("--torch-seed draws the initial noise as well; leave out --init");
}
