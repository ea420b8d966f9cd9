import { dataError } from "./data-error.ts";
import { checkedByteLength, type NdArray, type ReadOptions } from "./nd-array.ts";

/** The numbers of a CSV file, [rows, columns] in float32, and its header if there is one. */
export interface CsvTable extends NdArray {
  readonly data: Float32Array;
  readonly columns?: readonly string[];
}

/**
 * Reads rows of numbers, separated by commas, semicolons, tabs or spaces.
 *
 * A first line that is not all numbers is the header. Empty lines and lines that start with `#` are
 * skipped.
 *
 * @throws GenError `invalid-data` naming the line, when a field is no finite number, a line has not
 * as many fields as the first, there is no row, or file or result exceed `limit` bytes (default 256
 * MiB).
 */
export function readCsv(bytes: Uint8Array, options: ReadOptions = {}): CsvTable {
  const { name = "CSV file", limit = 2 ** 28 } = options;
  const { length } = bytes;
  if (length > limit) throw dataError(name, `takes ${length} bytes, the limit is ${limit}`);
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\n|\r/);
  const values: number[] = [];
  let columns: string[] | undefined;
  let width = 0;
  for (const [i, line] of lines.entries()) {
    const content = line.trim();
    if (content === "" || content.startsWith("#")) continue;
    const fields = splitFields(content);
    const numbers = fields.map((field) => (field === "" ? Number.NaN : Number(field)));
    if (width === 0) {
      width = fields.length;
      if (numbers.some(Number.isNaN) && !fields.some((field) => /^[+-]?(nan|inf)/i.test(field))) {
        columns = fields;
        continue;
      }
    }
    if (fields.length !== width) {
      const problem = `must have ${width} fields like the first, got ${fields.length}`;
      throw dataError(name, `line ${i + 1} ${problem}`);
    }
    for (let k = 0; k < width; k++) {
      if (!Number.isFinite(Math.fround(numbers[k]))) {
        const field = JSON.stringify(fields[k].slice(0, 40));
        throw dataError(name, `line ${i + 1} must hold finite numbers, got ${field}`);
      }
      values.push(numbers[k]);
    }
  }
  const rows = width === 0 ? 0 : values.length / width;
  if (rows === 0) throw dataError(name, "at least one row of numbers is needed, got none");
  checkedByteLength(name, "float32", [rows, width], limit);
  return { dtype: "float32", shape: [rows, width], data: Float32Array.from(values), columns };
}

function splitFields(line: string): string[] {
  const separator = [",", ";", "\t"].find((mark) => line.includes(mark)) ?? /\s+/;
  return line.split(separator).map((field) => field.trim().replace(/^"(.*)"$/, "$1"));
}
