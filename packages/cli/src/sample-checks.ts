import { defaultEta, type SamplerName } from "@gen/sampling";
import { usageError } from "./errors.ts";
import { noisySamplers } from "./samplers.ts";

type Size = readonly [height: number, width: number];

/** @throws GenError `usage` when a sampler has no such choice. */
export function checkEta(eta: number | undefined, sampler: SamplerName | undefined): void {
  if (eta === undefined || sampler === undefined || defaultEta(sampler) !== undefined) return;
  throw usageError(`--eta is for --sampler ${noisySamplers().join(" or ")}, got ${sampler}`);
}

/** @throws GenError `usage` when noise is asked for from several sources. */
export function checkNoise(
  { torchSeed, init }: { readonly torchSeed?: number; readonly init?: string },
  seeded: boolean,
): void {
  if (torchSeed === undefined) return;
  if (seeded) throw usageError("--torch-seed takes the place of --seed; leave one of them out");
  if (init !== undefined)
    throw usageError("--torch-seed draws the initial noise as well; leave out --init");
}

/** What --size and --init say of a sample's shape, for a denoiser that leaves it open. */
export function openShape(
  size: Size | undefined,
  item: readonly number[] = [],
): readonly (number | undefined)[] {
  return size ? [item.length === 3 ? item[0] : undefined, ...size] : item;
}

/** @throws GenError `usage` when --size is not what the denoiser takes. */
export function checkSize(size: Size | undefined, shape: readonly number[]): void {
  if (!size || (shape.length === 3 && size.join() === shape.slice(1).join())) return;
  throw usageError(
    `--size must be left out or fit samples [${shape.join(", ")}], as the model makes them, got ${size.join("x")}`,
  );
}
