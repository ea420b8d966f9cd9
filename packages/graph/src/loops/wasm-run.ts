/*
 * The functions of a module of loops that call its passes: row after row, with single numbers between
 * them. A part ends where it has taken enough elements; its numbers go to the next through memory.
 */
import type { Expr } from "../expr/expr.ts";
import { type Hold, laneOf, numberCode } from "./lane-operations.ts";
import { type LoopPlan, type Stage, sizeOfLoop } from "./plan-loops.ts";
import { isReduction, operandsOf, type Reduction } from "./rows.ts";
import { numberOf } from "./split-loops.ts";
import {
  ADD,
  ADD_F64,
  DEMOTE,
  float64,
  get,
  integer,
  LOAD_F64,
  loadCode,
  loadNumber,
  MAX_F64,
  MULTIPLY_F64,
  PROMOTE,
  STORE_F64,
  set,
  storeCode,
  storeNumber,
} from "./wasm-code.ts";
import { type Code, unsigned, type ValueType, type WasmFunction } from "./wasm-module.ts";
import { type WasmPass, wasmPass } from "./wasm-pass.ts";

/** Where the parts of a module are. Addresses are in bytes. */
export interface Layout {
  offsetOf(name: string): number;
  targetOf(output: string): number;
  /** The result of a reduction over a row; the total over all rows follows it. */
  resultAt(e: Reduction): number;
  /** A place for a number that a later part reads. */
  numberAt(): number;
  readonly partElements: number;
  indexOf(made: WasmPass): number;
}

/** The functions that call the passes, in parts: rows, single numbers, calls and stores. */
export function runCode(plan: LoopPlan, layout: Layout) {
  const { offsetOf, targetOf, resultAt, indexOf, partElements } = layout;
  const { rows, placeOf, isVector, isTotal } = plan;
  const done: WasmFunction[] = [];
  let code: number[] = [];
  let locals: ValueType[] = [];
  const emit = (...more: Code) => {
    for (const byte of more) code.push(byte);
  };
  const local = (type: ValueType) => locals.push(type) - 1;
  let row = local("i32");
  /** The values known so far in this part, those of earlier parts, and those of the present row. */
  const known = new Map<Expr, number>();
  const saved = new Map<Expr, number>();
  let ofRow = new Map<Expr, number>();
  let elements = 0;

  /** Begins another part where `more` elements are too many for this one. */
  const proceed = (more: number) => {
    elements += more;
    if (elements === more || elements <= partElements) return;
    elements = more;
    for (const [e, at] of known) {
      if (saved.has(e)) continue;
      saved.set(e, layout.numberAt());
      emit(...integer(saved.get(e) as number), ...get(at), ...storeNumber(e.dtype === "bool"));
    }
    done.push({ params: [], locals, code });
    [code, locals] = [[], []];
    row = local("i32");
    known.clear();
  };

  /** The address of a row's first element, or of its only one. */
  const rowAddress = (base: number, size: number, stride: number): Code => {
    if (size === 1 || rows === 1) return integer(base);
    const at = size < rows ? [...get(row), ...integer(size), 0x70] : get(row);
    return [...at, ...integer(4 * (size < rows ? 1 : stride)), 0x6c, ...integer(base), ADD];
  };
  const addressOf = (e: Expr, from = 0): Code => {
    const { name, offset, stride } = placeOf(e) as NonNullable<ReturnType<typeof placeOf>>;
    return rowAddress(offsetOf(name) + 4 * (offset + from), sizeOfLoop(e), stride);
  };
  const targetAddress = (name: string, e: Expr, from = 0): Code =>
    rowAddress(targetOf(name) + 4 * from, sizeOfLoop(e), sizeOfLoop(e) / rows);

  const hold: Hold = (value, type) => {
    const at = local(type === "integer" ? "i32" : "f32");
    emit(...value, ...set(at));
    return get(at);
  };
  const computed = (e: Expr): Code => {
    const value = numberOf(e);
    if (value !== undefined) return numberCode(1, value);
    if (placeOf(e)) return [...addressOf(e), ...loadCode(1)];
    if (isReduction(e) && (isVector(e.inputs[0]) || isTotal(e))) {
      const at = resultAt(e) + (isTotal(e) ? 8 : 0);
      const count = sizeOfLoop(e.inputs[0]) / sizeOfLoop(e);
      const share = e.op === "ReduceMean" ? [...float64(1 / count), MULTIPLY_F64] : [];
      return [...integer(at), ...LOAD_F64, ...share, DEMOTE];
    }
    const operands = operandsOf(e).map(read);
    return laneOf(e)?.(1, operands, hold) ?? operands[0];
  };
  /** Reads a number, which is computed once, or once for each row, where it is first needed. */
  const read = (e: Expr): Code => {
    const values = sizeOfLoop(e) === 1 ? known : ofRow;
    let at = values.get(e);
    if (at === undefined) {
      const address = saved.get(e);
      const isTruth = e.dtype === "bool";
      const own =
        address === undefined ? computed(e) : [...integer(address), ...loadNumber(isTruth)];
      at = local(isTruth ? "i32" : "f32");
      values.set(e, at);
      emit(...own, ...set(at));
    }
    return get(at);
  };
  const store = (stores: Stage["rowStores"]) => {
    const values = stores.map(([, e]) => read(e));
    for (const [i, [name, e]] of stores.entries()) {
      emit(...targetAddress(name, e), ...values[i], ...storeCode(1));
    }
  };

  /** Adds the result of a row to a total. */
  const addUp = (e: Reduction) => {
    const [from] = e.inputs;
    const result: Code = isVector(from)
      ? [...integer(resultAt(e)), ...LOAD_F64]
      : [...read(from), PROMOTE];
    const total = integer(resultAt(e) + 8);
    const join = e.op === "ReduceMax" ? MAX_F64 : ADD_F64;
    emit(...total, ...total, ...LOAD_F64, ...result, join, ...STORE_F64);
  };

  const passesOf = ({ loops, totals, rowStores }: Stage) => {
    for (const loop of loops) {
      const most = rows === 1 ? partElements : loop.length;
      for (let from = 0; from < loop.length; from += most) {
        const length = Math.min(most, loop.length - from);
        if (rows === 1) proceed(length);
        const slice = from > 0 ? "later" : "first";
        const made = wasmPass(loop, plan, length < loop.length ? slice : undefined);
        const scalars = made.scalars.flatMap(read);
        emit(
          ...integer(length),
          ...made.leaves.flatMap((e) => addressOf(e, from)),
          ...loop.stores.flatMap(([name, e]) => targetAddress(name, e, from)),
          ...loop.reductions.flatMap((e) => integer(resultAt(e))),
          ...scalars,
          ...[0x10, ...unsigned(indexOf(made))],
        );
      }
    }
    for (const e of totals) addUp(e);
    store(rowStores);
  };

  const stage = (each: Stage) => {
    // Numbers in memory are read before a pass overwrites them, and none for each row anew.
    const isReady = (e: Expr) =>
      rows === 1 ? placeOf(e) !== undefined : !each.totals.includes(e as Reduction);
    for (const e of each.nodes) if (sizeOfLoop(e) === 1 && isReady(e)) read(e);
    if (rows === 1) return passesOf(each);
    for (const e of each.totals) {
      const start = e.op === "ReduceMax" ? -Infinity : 0;
      emit(...integer(resultAt(e) + 8), ...float64(start), ...STORE_F64);
    }
    const size = each.loops.reduce((sum, { length }) => sum + length, 1);
    const most = Math.max(1, Math.floor(partElements / size));
    for (let from = 0; from < rows; from += most) {
      const to = Math.min(rows, from + most);
      proceed((to - from) * size);
      ofRow = new Map();
      emit(...integer(from), ...set(row), 0x03, 0x40);
      passesOf(each);
      emit(...get(row), ...integer(1), ADD, ...set(row));
      emit(...get(row), ...integer(to), 0x49, 0x0d, 0, 0x0b);
    }
  };
  const parts = (): WasmFunction[] => [...done, { params: [], locals, code }];
  return { parts, stage, store };
}
