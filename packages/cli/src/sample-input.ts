import { readNpy } from "@gen/data";
import { defaultEta, type GenerateOptions, type SamplerName, samplerNames } from "@gen/sampling";
import { usageError } from "./errors.ts";
import { readBounded } from "./files.ts";

type Size = readonly [height: number, width: number];

const help: Readonly<Record<SamplerName, string>> = {
  ddim: "Song et al. 2021; --eta adds noise",
  ddpm: "Ho et al. 2020; every training step by default",
  euler: "first-order steps of the flow in sigma",
  "euler-ancestral": "euler to a lower level, then fresh noise of amount --eta (default 1)",
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
  "flow-euler": "for FlowMatchEulerDiscreteScheduler, with its steps",
  lcm: "for latent consistency models; 4 steps by default",
  tcd: "for trajectory consistency models; 4 steps; --eta is their gamma (default 0.3)",
  pndm: "DDIM's step along the last four predictions, after a Runge-Kutta start",
  ipndm: "the same with lower orders in place of that start",
};

/** A line for each sampler, for the command's help. */
export const samplerHelp = (): string =>
  samplerNames.map((name) => `  ${name.padEnd(20)} ${help[name]}`).join("\n");

/** The samplers that take `--eta`. */
export const noisySamplers = (): string[] =>
  samplerNames.filter((name) => defaultEta(name) !== undefined);

/** @throws GenError `usage` when the sampler takes no eta. */
export function checkEta(eta: number | undefined, sampler: SamplerName | undefined): void {
  if (eta === undefined || sampler === undefined || defaultEta(sampler) !== undefined) return;
  throw usageError(`--eta is for --sampler ${noisySamplers().join(" or ")}, got ${sampler}`);
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

/** A sample's shape by --size and --init, for a denoiser that leaves it open. */
export const openShape = (
  size: Size | undefined,
  item: readonly number[] = [],
): readonly (number | undefined)[] =>
  size ? [item.length === 3 ? item[0] : undefined, ...size] : item;

const initLimit = 2 ** 30;

type InitialNoise = Awaited<ReturnType<typeof readInit>>;

/** Reads the noise of --init. @throws GenError `usage` or `invalid-data` when there is none. */
export async function readInit(path: string) {
  const bytes = await readBounded(path, initLimit);
  if (!bytes) throw usageError(`--init ${path}: no such file`);
  const { data, dtype, shape } = readNpy(bytes, { name: `--init ${path}`, limit: initLimit });
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw usageError(`--init ${path} must be float32 or float64, got ${dtype}`);
  const bad = data.findIndex((value: number) => !Number.isFinite(value));
  if (bad >= 0)
    throw usageError(`--init ${path} must hold finite numbers, got ${data[bad]} at ${bad}`);
  const [count = 0, ...item] = shape;
  const size = data.length / count;
  const noise: GenerateOptions["noise"] = ([batch], { firstIndex }) => ({
    x: data.subarray(firstIndex * size, (firstIndex + batch) * size),
  });
  return { count, item, noise };
}

/** @throws GenError `usage` when --size or --init does not fit the shape of a pipeline's samples. */
export function checkShape(
  { size, init }: { readonly size?: Size; readonly init?: string },
  noise: InitialNoise | undefined,
  shape: readonly number[],
): void {
  const text = shape.join(", ");
  if (size && !(shape.length === 3 && size.join() === shape.slice(1).join()))
    throw usageError(
      `--size must be left out or fit samples [${text}], as the model makes them, got ${size.join("x")}`,
    );
  if (noise && !(noise.count >= 1 && noise.item.join() === shape.join()))
    throw usageError(
      `--init ${init} must be [count, ${text}], got [${[noise.count, ...noise.item].join(", ")}]`,
    );
}
