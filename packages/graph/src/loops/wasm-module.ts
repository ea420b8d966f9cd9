/*
 * A WebAssembly module as bytes: functions over one memory (WebAssembly core specification 2.0,
 * chapter 5). `exports` names functions by their index.
 *
 *   wasmModule({ functions: [{ params: [], locals: [], code: [] }], pages: 1, exports: { run: 0 } })
 */

/** Instructions or other encoded parts. */
export type Code = readonly number[];

/** The types of values, by their codes. */
export const TYPES = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof TYPES;

/** A function without results. */
export interface WasmFunction {
  readonly params: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly code: Code;
}

/** An unsigned number in LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

/** A signed 32-bit number in LEB128. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
    bytes.push(done ? low : low + 128);
    if (done) return bytes;
  }
}

/** The four bytes of a float32. */
export const float32Bytes = (value: number): number[] => [
  ...new Uint8Array(Float32Array.of(value).buffer),
];

const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: Code): number[] => [...unsigned(bytes.length), ...bytes];
const named = (name: string): number[] => sized([...name].map((c) => c.charCodeAt(0)));

const SECTIONS = { types: 1, functions: 3, memory: 5, exports: 7, code: 10 } as const;
const section = (name: keyof typeof SECTIONS, bytes: Code): number[] => [
  SECTIONS[name],
  ...sized(bytes),
];
const END = 0x0b;

/** The module. It exports its memory of `pages` times 64 KiB as `memory`. */
export function wasmModule({
  functions,
  pages,
  exports,
}: {
  readonly functions: readonly WasmFunction[];
  readonly pages: number;
  readonly exports: Readonly<Record<string, number>>;
}): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ params }) => [
    0x60,
    ...vector(params.map((type) => [TYPES[type]])),
    0,
  ]);
  const bodies = functions.map(({ locals, code }) =>
    sized([...vector(locals.map((type) => [1, TYPES[type]])), ...code, END]),
  );
  const exported = Object.entries(exports).map(([name, at]) => [
    ...named(name),
    0,
    ...unsigned(at),
  ]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section("types", vector(types)),
    ...section("functions", vector(functions.map((_, i) => unsigned(i)))),
    ...section("memory", vector([[0, ...unsigned(pages)]])),
    ...section("exports", vector([...exported, [...named("memory"), 2, 0]])),
    ...section("code", vector(bodies)),
  ]);
}
