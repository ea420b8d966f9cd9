import { defaultEta, type SamplerName, samplerNames } from "@gen/sampling";

const help: Readonly<Record<SamplerName, string>> = {
  ddim: "Song et al. 2021; --eta adds noise",
  ddpm: "Ho et al. 2020; every training step by default",
  euler: "the flow in sigma, first order",
  "euler-ancestral": "euler to a lower level, then fresh noise; --eta says how much (default 1)",
  heun: "second order; two evaluations for each step but the last",
  "dpm-solver++": "multistep; the order is the scheduler's, or 2",
  "dpm-solver++-single": "the same in groups of steps",
  "dpm-solver++-sde": "the same with fresh noise",
  unipc: "predictor and corrector; the order is the scheduler's, or 2",
  "flow-euler": "for FlowMatchEulerDiscreteScheduler, whose steps it takes",
  lcm: "for latent consistency models; 4 steps by default",
};

/** A line for each sampler, for the command's help. */
export const samplerHelp = (): string =>
  samplerNames.map((name) => `  ${name.padEnd(20)} ${help[name]}`).join("\n");

/** The samplers whose noise `--eta` decides. */
export const noisySamplers = (): string[] =>
  samplerNames.filter((name) => defaultEta(name) !== undefined);
