import { type NdArray, readNpy } from "@gen/data";
import { usageError } from "./errors.ts";
import { readBounded } from "./files.ts";

const npyLimit = 2 ** 30;

/** Reads the npy file of a flag. @throws GenError `usage` or `invalid-data` naming flag and file. */
export async function readNpyFlag(flag: string, path: string): Promise<NdArray> {
  const bytes = await readBounded(path, npyLimit);
  if (!bytes) throw usageError(`${flag} ${path}: no such file`);
  return readNpy(bytes, { name: `${flag} ${path}`, limit: npyLimit });
}

/** An array's floats. @throws GenError `usage` when it holds others, or one that is not finite. */
export function floatsOf(flag: string, { data, dtype }: NdArray): Float32Array | Float64Array {
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw usageError(`${flag} must be float32 or float64, got ${dtype}`);
  const bad = data.findIndex((value: number) => !Number.isFinite(value));
  if (bad < 0) return data;
  throw usageError(`${flag} must hold finite numbers, got ${data[bad]} at ${bad}`);
}
