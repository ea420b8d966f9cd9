import { type Zippable, zipSync } from "fflate";
import { crc32 } from "./crc32.ts";
import { dataError, limitError } from "./data-error.ts";
import { MAX_ARRAY_BYTES, MAX_NPZ_ARRAYS } from "./limits.ts";
import type { NdArray, ReadOptions, WritableArray } from "./nd-array.ts";
import { readDeflatedNpy, readNpy, writeNpy } from "./npy.ts";
import { readZip, type ZipEntry } from "./zip.ts";

const ENDING = ".npy";

/**
 * Reads a `.npz` archive: its arrays by name, without the `.npy` of the entry.
 *
 * @param bytes The bytes of the archive.
 * @param options The file's name in errors, and a limit on memory. Default: 1 GiB.
 * @throws GenError `invalid-data` when the archive is damaged or encrypted, its entries share bytes
 * or a name or are no arrays, there are more than 10,000 of them or more than `limit` bytes in all,
 * or {@link readNpy} refuses one.
 */
export function readNpz(bytes: Uint8Array, options: ReadOptions = {}): Record<string, NdArray> {
  const { name = "npz file", limit = MAX_ARRAY_BYTES } = options;
  if (bytes.length < 22 || bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
    throw dataError(name, "not an npz file: it must start with PK, as zip archives do");
  }
  const entries = readZip(name, bytes, MAX_NPZ_ARRAYS);
  let total = 0;
  for (const entry of entries) {
    total += entry.size;
    if (!(total <= limit)) {
      throw limitError(name, `holds at least ${total} bytes`, limit);
    }
    if (!entry.name.endsWith(ENDING)) {
      throw dataError(name, `entries must be ${ENDING} arrays, got ${entry.name}`);
    }
  }
  return Object.fromEntries(
    entries.map((entry) => [
      entry.name.slice(0, -ENDING.length),
      readEntry(`${name} (${entry.name})`, entry, limit),
    ]),
  );
}

/** The array of an entry, whose bytes must be as many as declared and have the declared checksum. */
function readEntry(name: string, entry: ZipEntry, limit: number): NdArray {
  const { bytes, isDeflated, size } = entry;
  let crc = isDeflated ? 0 : crc32(bytes);
  const array = isDeflated
    ? readDeflatedNpy(bytes, { name, limit }, size, (part) => {
        crc = crc32(part, crc);
      })
    : readNpy(bytes, { name, limit });
  if (crc === entry.crc) return array;
  throw dataError(name, "damaged: its checksum is not that of the archive");
}

/**
 * Writes named arrays as an uncompressed `.npz` archive that `numpy.load` reads. The bytes depend
 * on the arrays alone, not on the clock.
 *
 * @param arrays The arrays by name.
 * @throws RangeError for an array that {@link writeNpy} refuses.
 */
export function writeNpz(arrays: Readonly<Record<string, WritableArray>>): Uint8Array {
  const files: Zippable = {};
  for (const [name, array] of Object.entries(arrays)) files[`${name}.npy`] = writeNpy(array);
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}
