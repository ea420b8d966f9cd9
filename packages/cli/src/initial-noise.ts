import { readNpy } from "@gen/data";
import { UsageError } from "./errors.ts";
import { readBounded } from "./files.ts";

const initLimit = 2 ** 30;

/** Reads the noise `[count, ...shape]` of --init. @throws UsageError or DataError when it is none. */
export async function readInit(path: string, shape: readonly number[]) {
  const bytes = await readBounded(path, initLimit);
  if (!bytes) throw new UsageError(`--init ${path}: no such file`);
  const {
    data,
    dtype,
    shape: found,
  } = readNpy(bytes, { name: `--init ${path}`, limit: initLimit });
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new UsageError(`--init ${path} must be float32 or float64, got ${dtype}`);
  const [count = 0, ...item] = found;
  if (count < 1 || item.join() !== shape.join())
    throw new UsageError(
      `--init ${path} must be [count, ${shape.join(", ")}], got [${found.join(", ")}]`,
    );
  const bad = data.findIndex((value: number) => !Number.isFinite(value));
  if (bad >= 0)
    throw new UsageError(`--init ${path} must hold finite numbers, got ${data[bad]} at ${bad}`);
  return { data, count };
}
