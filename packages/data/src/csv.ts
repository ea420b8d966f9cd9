import { dataError, limitError } from "./data-error.ts";
import { MAX_CSV_BYTES, MAX_CSV_COLUMNS, MAX_CSV_LINE } from "./limits.ts";
import type { NdArray, ReadOptions } from "./nd-array.ts";

/** The numbers of a CSV file, [rows, columns] in float32, and its header if there is one. */
export interface CsvTable extends NdArray {
  readonly data: Float32Array;
  readonly columns?: readonly string[];
}

/** Bytes that are decoded at once, up to the end of a line. */
const BLOCK = 2 ** 16;

/**
 * Reads rows of numbers, separated by commas, semicolons, tabs or spaces.
 *
 * A first line that is not all numbers is the header. Empty lines and lines that start with `#` are
 * skipped.
 *
 * @throws GenError `invalid-data` naming the line, when a field is no finite number, a line has not
 * as many fields as the first, more than 2 ** 20 fields or 16 MiB, there is no row, or file or
 * result exceed `limit` bytes (default 256 MiB).
 */
export function readCsv(bytes: Uint8Array, options: ReadOptions = {}): CsvTable {
  const { name = "CSV file", limit = MAX_CSV_BYTES } = options;
  const { length } = bytes;
  if (length > limit) throw limitError(name, `takes ${length} bytes`, limit);
  const values = float32List(name, limit);
  let columns: string[] | undefined;
  let width = 0;
  let row = 0;
  for (const line of linesOf(name, bytes)) {
    row += 1;
    const content = line.trim();
    if (content === "" || content.startsWith("#")) continue;
    const fields = splitFields(content);
    if (width === 0) {
      width = fields.length;
      if (width > MAX_CSV_COLUMNS) {
        throw dataError(name, `line ${row} must have at most ${MAX_CSV_COLUMNS} fields, got more`);
      }
      const isHeader = fields.some((field) => Number.isNaN(numberOf(field)));
      if (isHeader && !fields.some((field) => /^[+-]?(nan|inf)/i.test(field))) {
        columns = fields;
        continue;
      }
    }
    if (fields.length !== width) {
      const problem = `must have ${width} fields like the first, got ${fields.length}`;
      throw dataError(name, `line ${row} ${problem}`);
    }
    for (const field of fields) {
      const value = numberOf(field);
      if (!Number.isFinite(Math.fround(value))) {
        const got = JSON.stringify(field.slice(0, 40));
        throw dataError(name, `line ${row} must hold finite numbers, got ${got}`);
      }
      values.push(value);
    }
  }
  const data = values.toArray();
  const rows = width === 0 ? 0 : data.length / width;
  if (rows === 0) throw dataError(name, "at least one row of numbers is needed, got none");
  return { dtype: "float32", shape: [rows, width], data, columns };
}

/** The lines of a file, which end with \n, \r\n or \r. */
function* linesOf(name: string, bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  const isEnd = (at: number) =>
    bytes[at] === 10 || (bytes[at] === 13 && at + 1 < bytes.length && bytes[at + 1] !== 10);
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(from + BLOCK, bytes.length);
    // The block goes on to the end of its last line.
    let start = to;
    while (start > from && !isEnd(start - 1)) start -= 1;
    while (to < bytes.length && !isEnd(to - 1)) {
      to += 1;
      if (to - start <= MAX_CSV_LINE) continue;
      throw dataError(name, `lines must have at most ${MAX_CSV_LINE} bytes, got a longer one`);
    }
    const lines = decoder.decode(bytes.subarray(from, to)).split(/\r\n|\n|\r/);
    // After the end of a block's last line, the next block goes on.
    if (to < bytes.length) lines.pop();
    yield* lines;
    from = to;
  }
}

/** A list that grows without a copy for each number, and stays below `limit` bytes. */
function float32List(name: string, limit: number) {
  const full: Float32Array[] = [];
  let part = new Float32Array(BLOCK);
  let used = 0;
  const checkedCount = () => {
    const count = full.length * BLOCK + used;
    if (4 * count > limit)
      throw limitError(name, `has at least ${count} numbers of 4 bytes`, limit);
    return count;
  };
  return {
    push(value: number) {
      if (used === BLOCK) {
        checkedCount();
        full.push(part);
        part = new Float32Array(BLOCK);
        used = 0;
      }
      part[used++] = value;
    },
    toArray(): Float32Array {
      const out = new Float32Array(checkedCount());
      for (const [i, each] of full.entries()) out.set(each, i * BLOCK);
      out.set(part.subarray(0, used), full.length * BLOCK);
      return out;
    },
  };
}

function splitFields(line: string): string[] {
  const separator = [",", ";", "\t"].find((mark) => line.includes(mark)) ?? /\s+/;
  const fields = line.split(separator, MAX_CSV_COLUMNS + 1);
  for (const [i, field] of fields.entries()) fields[i] = field.trim().replace(/^"(.*)"$/, "$1");
  return fields;
}

const numberOf = (field: string): number => (field === "" ? Number.NaN : Number(field));
