import type { GenerateOptions } from "@gen/sampling";
import { usageError } from "./errors.ts";
import { floatsOf, readNpyFlag } from "./npy-flags.ts";

type Size = readonly [height: number, width: number];

/** A sample's shape by --size and --init, for a denoiser that leaves it open. */
export const openShape = (
  size: Size | undefined,
  item: readonly number[] = [],
): readonly (number | undefined)[] =>
  size ? [item.length === 3 ? item[0] : undefined, ...size] : item;

type InitialNoise = Awaited<ReturnType<typeof readInit>>;

/** Reads the noise of --init. @throws GenError `usage` or `invalid-data` when there is none. */
export async function readInit(path: string) {
  const array = await readNpyFlag("--init", path);
  const data = floatsOf(`--init ${path}`, array);
  const [count = 0, ...item] = array.shape;
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
