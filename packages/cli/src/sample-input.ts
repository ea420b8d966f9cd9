import { readNpy } from "@gen/data";
import type { GenerateOptions } from "@gen/sampling";
import { usageError } from "./errors.ts";
import { readBounded } from "./files.ts";

type Size = readonly [height: number, width: number];

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
      `--size must be left out or fit samples [${text}], as the model makes them, got ${size.toReversed().join("x")}`,
    );
  if (noise && !(noise.count >= 1 && noise.item.join() === shape.join()))
    throw usageError(
      `--init ${init} must be [count, ${text}], got [${[noise.count, ...noise.item].join(", ")}]`,
    );
}
