import { type Unzipped, unzipSync, type Zippable, zipSync } from "fflate";
import { dataError, runDecoder } from "./data-error.ts";
import { defaultLimit, type NdArray, type ReadOptions, type WritableArray } from "./nd-array.ts";
import { readNpy, writeNpy } from "./npy.ts";

const mostArrays = 10_000;

/**
 * Reads a `.npz` archive: its arrays by name, without the `.npy` of the entry.
 *
 * @throws GenError `invalid-data` when the archive is damaged, holds other files than arrays, holds
 * more than `limit` bytes in all, or when {@link readNpy} refuses one of its arrays.
 */
export function readNpz(bytes: Uint8Array, options: ReadOptions = {}): Record<string, NdArray> {
  const { name = "npz file", limit = defaultLimit } = options;
  if (bytes.length < 22 || bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
    throw dataError(name, "not an npz file: it must start with PK, as zip archives do");
  }
  let total = 0;
  let count = 0;
  const entries: Unzipped = runDecoder(name, "zip archive", () =>
    unzipSync(bytes, {
      filter: (entry) => {
        count += 1;
        total += entry.originalSize;
        if (count > mostArrays) throw dataError(name, `at most ${mostArrays} arrays are allowed`);
        if (!(total <= limit)) {
          throw dataError(name, `holds more than ${limit} bytes, the most allowed here`);
        }
        if (!entry.name.endsWith(".npy")) {
          throw dataError(name, `entries must be .npy arrays, got ${entry.name}`);
        }
        return true;
      },
    }),
  );
  return Object.fromEntries(
    Object.entries(entries).map(([entry, content]) => {
      const array = readNpy(content, { name: `${name} (${entry})`, limit });
      return [entry.slice(0, -".npy".length), array];
    }),
  );
}

/**
 * Writes named arrays as an uncompressed `.npz` archive that `numpy.load` reads. The bytes depend
 * on the arrays alone, not on the clock.
 *
 * @throws RangeError for an array that {@link writeNpy} refuses.
 */
export function writeNpz(arrays: Readonly<Record<string, WritableArray>>): Uint8Array {
  const files: Zippable = {};
  for (const [name, array] of Object.entries(arrays)) files[`${name}.npy`] = writeNpy(array);
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}
