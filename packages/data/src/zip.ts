import { dataError } from "./data-error.ts";

/** One file of a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** The bytes in the archive, deflated or as they are. */
  readonly bytes: Uint8Array;
  readonly isDeflated: boolean;
  /** Bytes of the file itself, as the archive declares. */
  readonly size: number;
  readonly crc: number;
}

const END = { signature: 0x06054b50, size: 22 };
const END_64 = { signature: 0x06064b50, size: 56 };
const LOCATOR_64 = { signature: 0x07064b50, size: 20 };
const CENTRAL = { signature: 0x02014b50, size: 46 };
const LOCAL = { signature: 0x04034b50, size: 30 };
const LONGEST_COMMENT = 65_535;
const ALL_ONES = 0xffffffff;

/**
 * The files of a zip archive, in the order of its directory at the end. Nothing is inflated.
 *
 * @throws GenError `invalid-data` when the archive is damaged, encrypted or in parts, has more than
 * `most` entries, or entries that share bytes or a name.
 */
export function readZip(source: string, bytes: Uint8Array, most: number): ZipEntry[] {
  const damaged = (problem: string) => dataError(source, `not a readable zip archive (${problem})`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const u64 = (at: number) => Number(view.getBigUint64(at, true));
  const expectRecord = ({ signature, size }: typeof END, at: number, what: string) => {
    const exists = Number.isSafeInteger(at) && at >= 0 && at + size <= bytes.length;
    if (!exists || u32(at) !== signature) throw damaged(`${what} is missing at byte ${at}`);
  };

  const end = findEnd();
  const { count, start, stop } = directory();
  if (count > most) throw dataError(source, `must have at most ${most} entries, got ${count}`);
  if (start + count * CENTRAL.size > stop) throw damaged(`its directory has no ${count} entries`);
  const entries: (ZipEntry & { readonly from: number; readonly to: number })[] = [];
  const names = new Set<string>();
  for (let i = 0, at = start; i < count; i++) {
    expectRecord(CENTRAL, at, `entry ${i + 1} of its directory`);
    const [nameLength, extraLength, commentLength] = [u16(at + 28), u16(at + 30), u16(at + 32)];
    const nameAt = at + CENTRAL.size;
    const next = nameAt + nameLength + extraLength + commentLength;
    if (next > stop) throw damaged(`entry ${i + 1} of its directory is cut`);
    const encoding = u16(at + 8) & 0x800 ? "utf-8" : "latin1";
    const name = new TextDecoder(encoding).decode(bytes.subarray(nameAt, nameAt + nameLength));
    if (names.has(name)) throw dataError(source, `two entries have one name, ${name}`);
    names.add(name);
    entries.push(readEntry(at, name, sizesOf(at, nameAt + nameLength, extraLength)));
    at = next;
  }
  let free = 0;
  for (const { name, from, to } of entries.toSorted((a, b) => a.from - b.from)) {
    if (from < free) throw dataError(source, `the bytes of ${name} overlap another entry`);
    free = to;
  }
  if (free > start) throw damaged("an entry reaches into its directory");
  return entries;

  /** The last end record, which a comment may follow. */
  function findEnd(): number {
    const lowest = Math.max(0, bytes.length - END.size - LONGEST_COMMENT);
    for (let at = bytes.length - END.size; at >= lowest; at--) {
      if (u32(at) === END.signature) return at;
    }
    throw damaged("its end record is missing");
  }

  /** Entries, first and last byte of the directory; large archives have them in a second record. */
  function directory() {
    const [disk, count, size, start] = [u16(end + 4), u16(end + 10), u32(end + 12), u32(end + 16)];
    if (count !== 0xffff && size !== ALL_ONES && start !== ALL_ONES) {
      if (disk !== 0 || u16(end + 8) !== count) throw damaged("it is one part of several");
      if (start + size > end) throw damaged("its directory is cut");
      return { count, start, stop: start + size };
    }
    const locator = end - LOCATOR_64.size;
    expectRecord(LOCATOR_64, locator, "its zip64 locator");
    const at = u64(locator + 8);
    expectRecord(END_64, at, "its zip64 end record");
    const [count64, size64, start64] = [u64(at + 32), u64(at + 40), u64(at + 48)];
    if (!(start64 + size64 <= at)) throw damaged("its directory is cut");
    return { count: count64, start: start64, stop: start64 + size64 };
  }

  /** Sizes and place of an entry; what does not fit 32 bits is in its extra field. */
  function sizesOf(at: number, extraAt: number, extraLength: number) {
    const values = [u32(at + 24), u32(at + 20), u32(at + 42)];
    if (!values.includes(ALL_ONES)) return values;
    const extraEnd = extraAt + extraLength;
    for (let field = extraAt; field + 4 <= extraEnd; field += 4 + u16(field + 2)) {
      if (u16(field) !== 1) continue;
      let from = field + 4;
      const fieldEnd = Math.min(from + u16(field + 2), extraEnd);
      return values.map((value) => {
        if (value !== ALL_ONES) return value;
        if (from + 8 > fieldEnd) throw damaged("a zip64 field is cut");
        from += 8;
        return u64(from - 8);
      });
    }
    return values;
  }

  function readEntry(at: number, name: string, [size, packed, from]: number[]) {
    const [flags, method, crc] = [u16(at + 8), u16(at + 10), u32(at + 16)];
    if (flags & 0x41) throw dataError(source, `entries must not be encrypted, got ${name}`);
    if (method !== 0 && method !== 8) {
      throw dataError(
        source,
        `entries must be stored or deflated, got method ${method} in ${name}`,
      );
    }
    expectRecord(LOCAL, from, `the header of ${name}`);
    const dataAt = from + LOCAL.size + u16(from + 26) + u16(from + 28);
    const to = dataAt + packed;
    if (!(to <= bytes.length)) throw damaged(`${name} is cut`);
    if (method === 0 && packed !== size) {
      throw damaged(`${name} is stored in ${packed} bytes, not its ${size}`);
    }
    const isDeflated = method === 8;
    return { name, bytes: bytes.subarray(dataAt, to), isDeflated, size, crc, from, to };
  }
}
