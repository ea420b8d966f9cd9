/*
 * The code of a picture in a link: `1` for the format, then base64url of
 *
 *     checksum (3 bytes), seed (4 bytes), number of cells (2 bytes), gaps between the cells
 *
 * A gap takes its low 7 bits, after as many ones as the rest of it and a zero (Rice code). The gaps
 * of the grid's cells sum to less than 2^17, so 800 cells never take more than 937 bytes.
 */
import { grid, maxCells, type Picture } from "./picture.ts";

const VERSION = "1";
const HEADER = 9;
const LOW_BITS = 7;
const MAX_CODE = 1300;

/** The code of a picture, at most 1,260 characters. */
export function encodePicture({ cells, seed }: Picture): string {
  const bits: number[] = [];
  let last = -1;
  for (const cell of cells) {
    const gap = cell - last - 1;
    last = cell;
    for (let ones = gap >> LOW_BITS; ones > 0; ones--) bits.push(1);
    bits.push(0);
    for (let bit = LOW_BITS - 1; bit >= 0; bit--) bits.push((gap >> bit) & 1);
  }
  const bytes = new Uint8Array(HEADER + Math.ceil(bits.length / 8));
  const view = new DataView(bytes.buffer);
  view.setUint32(3, seed);
  view.setUint16(7, cells.length);
  bits.forEach((bit, i) => {
    bytes[HEADER + (i >> 3)] |= bit << (7 - (i & 7));
  });
  bytes.set(checksum(bytes), 0);
  const base64 = btoa(String.fromCharCode(...bytes));
  return VERSION + base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The picture of a code. Undefined if the code is damaged, too long, or of another version. */
export function decodePicture(code: string): Picture | undefined {
  if (code.length > MAX_CODE || !code.startsWith(VERSION) || !/^[\w-]+$/.test(code)) {
    return undefined;
  }
  const bytes = bytesOf(code.slice(VERSION.length));
  if (!bytes || bytes.length < HEADER) return undefined;
  if (checksum(bytes).some((byte, i) => byte !== bytes[i])) return undefined;
  const view = new DataView(bytes.buffer);
  const count = view.getUint16(7);
  if (count === 0 || count > maxCells) return undefined;
  const cells = new Uint32Array(count);
  const end = 8 * (bytes.length - HEADER);
  let at = 0;
  const nextBit = () => (bytes[HEADER + (at >> 3)] >> (7 - (at++ & 7))) & 1;
  let last = -1;
  for (let i = 0; i < count; i++) {
    let gap = 0;
    while (at < end && nextBit() === 1) gap += 1 << LOW_BITS;
    if (at + LOW_BITS > end) return undefined;
    for (let bit = LOW_BITS - 1; bit >= 0; bit--) gap += nextBit() << bit;
    last += gap + 1;
    if (last >= grid.columns * grid.rows) return undefined;
    cells[i] = last;
  }
  return { cells, seed: view.getUint32(3) };
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** The upper 24 bits of FNV-1a over the bytes after the checksum. */
function checksum(bytes: Uint8Array): [number, number, number] {
  let hash = 0x811c9dc5;
  for (let i = 3; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193) >>> 0;
  return [hash >>> 24, (hash >>> 16) & 255, (hash >>> 8) & 255];
}
