import { readNpy } from "@gen/data";
import { usageError } from "./errors.ts";
import { readBounded } from "./files.ts";

const initLimit = 2 ** 30;

/** Noise of --init: `[count, ...item]`. */
export interface InitialNoise {
  readonly data: Float32Array | Float64Array;
  readonly count: number;
  readonly item: readonly number[];
}

/** Reads the noise of --init. @throws GenError `usage` or `invalid-data` when it is none. */
export async function readInit(path: string): Promise<InitialNoise> {
  const bytes = await readBounded(path, initLimit);
  if (!bytes) throw usageError(`--init ${path}: no such file`);
  const {
    data,
    dtype,
    shape: found,
  } = readNpy(bytes, { name: `--init ${path}`, limit: initLimit });
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw usageError(`--init ${path} must be float32 or float64, got ${dtype}`);
  const [count = 0, ...item] = found;
  const bad = data.findIndex((value: number) => !Number.isFinite(value));
  if (bad >= 0)
    throw usageError(`--init ${path} must hold finite numbers, got ${data[bad]} at ${bad}`);
  return { data, count, item };
}

/** @throws GenError `usage` when noise does not have the shape of a pipeline's samples. */
export function checkInit(path: string, { count, item }: InitialNoise, shape: readonly number[]) {
  if (count >= 1 && item.join() === shape.join()) return;
  throw usageError(
    `--init ${path} must be [count, ${shape.join(", ")}], got [${[count, ...item].join(", ")}]`,
  );
}
