import type { Expr } from "../expr/expr.ts";
import { type Hold, type Lanes, laneOf, numberCode } from "./lane-operations.ts";
import { type Loop, type LoopPlan, rootsOf, vectorsOf } from "./plan-loops.ts";
import { operandsOf } from "./rows.ts";
import { numberOf } from "./split-loops.ts";
import {
  ADD,
  ADD_F64,
  float64,
  get,
  integer,
  loadCode,
  MAX_F64,
  PROMOTE,
  STORE_F64,
  set,
  storeCode,
} from "./wasm-code.ts";
import { type Code, unsigned, type ValueType } from "./wasm-module.ts";

/** A pass over a row as a function of its length, addresses and numbers. */
export interface WasmPass {
  /** The vectors that it loads; the function takes their addresses, in bytes. */
  readonly leaves: readonly Expr[];
  /** The numbers that it takes. */
  readonly scalars: readonly Expr[];
  readonly params: ValueType[];
  readonly locals: ValueType[];
  readonly code: number[];
}

const simd = (op: number): Code => [0xfd, ...unsigned(op)];
const PROMOTE_LOW: Code = simd(0x5f);
const ADD_F64X2: Code = simd(0xf0);
const MAX_F32X4: Code = simd(0xe9);
const UPPER_HALF: Code = [...simd(0x0d), 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

/** Bytes of a reduction: its result, its total, and both accumulators between two slices. */
export const REDUCTION_BYTES = 48;
const LOAD_FOUR: Code = [...simd(0x00), 4, 16];
const STORE_FOUR: Code = [...simd(0x0b), 4, 16];
const LOAD_ONE: Code = [0x2b, 3, 32];
const STORE_ONE: Code = [0x39, 3, 32];

/**
 * A pass as a function of the row's length, the addresses of leaves, of stores and of the float64
 * results of reductions, and its scalars. It takes four elements at once, then the rest one by one.
 * Sums add in float64. A slice of a pass, the first or a later one, keeps its accumulators for the
 * next; all slices but the last have a multiple of four elements.
 */
export function wasmPass(loop: Loop, plan: LoopPlan, slice?: "first" | "later"): WasmPass {
  const { isVector, placeOf } = plan;
  const vectors = vectorsOf(plan, rootsOf(loop));
  const leaves = vectors.filter(placeOf);
  const inner = vectors.filter((e) => !placeOf(e));
  const operands = new Set(inner.flatMap(operandsOf));
  const scalars = [...operands].filter((e) => !isVector(e) && numberOf(e) === undefined);

  const params: ValueType[] = ["i32"];
  const param = (type: ValueType) => params.push(type) - 1;
  const locals: ValueType[] = [];
  const leafAt = new Map(leaves.map((e) => [e, param("i32")]));
  const storeAt = loop.stores.map(() => param("i32"));
  const resultAt = loop.reductions.map(() => param("i32"));
  const scalarAt = new Map(scalars.map((e) => [e, param(e.dtype === "bool" ? "i32" : "f32")]));
  const local = (type: ValueType) => params.length + locals.push(type) - 1;

  const byte = local("i32");
  const limit = local("i32");
  const code: number[] = [];
  const emit = (...more: Code) => {
    for (const each of more) code.push(each);
  };
  const reductions = loop.reductions.map(({ op }, i) => {
    const accumulator = { isMax: op === "ReduceMax", four: local("v128"), one: local("f64") };
    if (slice === "later") {
      emit(...get(resultAt[i]), ...LOAD_FOUR, ...set(accumulator.four));
      emit(...get(resultAt[i]), ...LOAD_ONE, ...set(accumulator.one));
    } else if (accumulator.isMax) {
      emit(...numberCode(4, -Infinity), ...set(accumulator.four));
      emit(...float64(-Infinity), ...set(accumulator.one));
    }
    return accumulator;
  });
  const addressed = (base: number): Code => [...get(base), ...get(byte), ADD];

  /** Reduces a value of one lane or four into the accumulators. */
  const reduce = (lanes: Lanes, value: Code, { isMax, four, one }: (typeof reductions)[number]) => {
    if (lanes === 1) emit(...get(one), ...value, PROMOTE, isMax ? MAX_F64 : ADD_F64, ...set(one));
    else if (isMax) emit(...get(four), ...value, ...MAX_F32X4, ...set(four));
    else {
      emit(...value, ...PROMOTE_LOW, ...value, ...value, ...UPPER_HALF, ...PROMOTE_LOW);
      emit(...ADD_F64X2, ...get(four), ...ADD_F64X2, ...set(four));
    }
  };

  const pass = (lanes: Lanes) => {
    const held = new Map<Expr, number>();
    // Scalars in every lane.
    for (const [e, at] of scalarAt) {
      if (lanes === 1) held.set(e, at);
      else {
        const wide = local("v128");
        const number: Code = e.dtype === "bool" ? [0x41, 0, ...get(at), 0x6b] : get(at);
        emit(...number, ...simd(e.dtype === "bool" ? 0x11 : 0x13), ...set(wide));
        held.set(e, wide);
      }
    }
    const read = (e: Expr): Code => {
      const number = numberOf(e);
      return number === undefined ? get(held.get(e) as number) : numberCode(lanes, number);
    };
    const holdIn = (type: ValueType, value: Code) => {
      const at = local(lanes === 4 ? "v128" : type);
      emit(...value, ...set(at));
      return at;
    };
    const hold: Hold = (value, type) => get(holdIn(type === "integer" ? "i32" : "f32", value));
    // limit = 4 n, or 4 n without the last elements that are no whole four.
    emit(...get(0), ...(lanes === 4 ? [...integer(-4), 0x71] : []), ...integer(2), 0x74);
    emit(...set(limit), 0x02, 0x40, 0x03, 0x40, ...get(byte), ...get(limit), 0x4f, 0x0d, 1);
    for (const e of vectors) {
      const base = leafAt.get(e);
      const value =
        base === undefined
          ? (laneOf(e)?.(lanes, operandsOf(e).map(read), hold) ?? read(e.inputs[0]))
          : [...addressed(base), ...loadCode(lanes)];
      held.set(e, holdIn(e.dtype === "bool" ? "i32" : "f32", value));
    }
    for (const [i, { inputs }] of loop.reductions.entries()) {
      reduce(lanes, read(inputs[0]), reductions[i]);
    }
    for (const [i, [, e]] of loop.stores.entries()) {
      emit(...addressed(storeAt[i]), ...read(e), ...storeCode(lanes));
    }
    emit(...get(byte), ...integer(4 * lanes), ADD, ...set(byte), 0x0c, 0, 0x0b, 0x0b);
  };
  pass(4);
  pass(1);
  for (const [i, { isMax, four, one }] of reductions.entries()) {
    const lane = (k: number): Code =>
      isMax ? [...get(four), ...simd(0x1f), k, PROMOTE] : [...get(four), ...simd(0x21), k];
    const lanes = isMax ? [0, 1, 2, 3] : [0, 1];
    const all = lanes.flatMap((k) => [...lane(k), isMax ? MAX_F64 : ADD_F64]);
    emit(...get(resultAt[i]), ...get(one), ...all, ...STORE_F64);
    if (!slice) continue;
    emit(...get(resultAt[i]), ...get(four), ...STORE_FOUR);
    emit(...get(resultAt[i]), ...get(one), ...STORE_ONE);
  }
  return { leaves, scalars, params, locals, code };
}
