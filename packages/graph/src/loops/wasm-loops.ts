/*
 * Loops as a WebAssembly module over one memory of its own. Every tensor has a fixed region there;
 * `run()` computes the outputs in place, loop by loop (`plan-loops.ts`).
 *
 * Loops of equal instructions are one function, which `run` calls with other addresses.
 */
import type { Expr, ExprOf } from "../expr/expr.ts";
import type { Graph } from "../expr/trace.ts";
import { type Lanes, laneOf, numberCode } from "./lane-operations.ts";
import {
  isVector,
  type Loop,
  overwrites,
  planLoops,
  rootsOf,
  sizeOfLoop,
  vectorsOf,
} from "./plan-loops.ts";
import { type InPlace, numberOf } from "./split-loops.ts";
import { type Code, signed, unsigned, type ValueType, wasmModule } from "./wasm-module.ts";

/** Where a tensor's float32 elements lie in the module's memory. */
export interface Region {
  /** In bytes. */
  readonly offset: number;
  /** In elements. */
  readonly length: number;
}

/** A graph in two parts, the loops as a module that exports `memory` and `run()`. */
export interface WasmLoops {
  /** What is left for a runtime. Its outputs are the other outputs and the border. */
  readonly body: Graph;
  /** What the loops read, by the names of inputs and of the body's outputs. */
  readonly border: readonly string[];
  /** The outputs that the loops compute. */
  readonly outputs: readonly string[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The regions of the border and of the inputs in place of `outputs`, by name. */
  readonly regions: Readonly<Record<string, Region>>;
}

// A cache line.
const ALIGNMENT = 64;
const PAGE = 65_536;
const MOST_BYTES = 2 ** 31;

const get = (local: number): Code => [0x20, ...unsigned(local)];
const set = (local: number): Code => [0x21, ...unsigned(local)];
const integer = (value: number): Code => [0x41, ...signed(value)];
const ADD = 0x6a;
// Alignment hints of 4 bytes, no offset.
const loadCode = (lanes: Lanes): Code => (lanes === 1 ? [0x2a, 2, 0] : [0xfd, 0x00, 2, 0]);
const storeCode = (lanes: Lanes): Code => (lanes === 1 ? [0x38, 2, 0] : [0xfd, 0x0b, 2, 0]);
const LOAD_F64: Code = [0x2b, 3, 0];
const STORE_F64: Code = [0x39, 3, 0];

/**
 * Takes the end of a graph, of which `inPlace` says which outputs take the memory of which inputs,
 * and compiles it as loops. Undefined where loops have nothing to compute, memory of 2 GiB does not
 * hold them, or an output would overwrite what a later loop reads.
 */
export function wasmLoops(graph: Graph, inPlace: InPlace): WasmLoops | undefined {
  const plan = planLoops(graph, inPlace, { sums: true });
  if (!plan || overwrites(plan.loops, plan.names, inPlace)) return undefined;
  const { body, outputs, border, names, nodes, sums, loops, single } = plan;
  const isLeaf = (e: Expr) => names.has(e);
  const regions: Record<string, Region> = {};
  let end = Math.ceil((8 * sums.length) / ALIGNMENT) * ALIGNMENT;
  const place = (name: string, length: number) => {
    regions[name] ??= { offset: end, length };
    if (regions[name].offset === end) end += Math.ceil((4 * length) / ALIGNMENT) * ALIGNMENT;
  };
  for (const [name, e] of Object.entries(border)) place(name, sizeOfLoop(e));
  for (const [name, e] of Object.entries(outputs)) place(inPlace[name], sizeOfLoop(e));
  const ownSizes = Object.entries(outputs).every(
    ([name, e]) => regions[inPlace[name]].length === sizeOfLoop(e),
  );
  if (!ownSizes || end > MOST_BYTES) return undefined;
  const addressOf = (leaf: Expr) => regions[names.get(leaf) as string].offset;

  const bodies = new Map<string, { index: number; made: LoopFunction }>();
  const run = scalarCode({ isLeaf, addressOf, sumAt: (e) => 8 * sums.indexOf(e) });
  // Before a loop overwrites them.
  for (const e of nodes) if (!isVector(e) && (isLeaf(e) || e.op === "Slice")) run.read(e);
  for (const loop of loops) {
    const made = loopFunction(loop, isLeaf);
    const key = JSON.stringify([made.params, made.code]);
    const known = bodies.get(key) ?? { index: bodies.size, made };
    bodies.set(key, known);
    run.emit(
      ...integer(loop.length),
      ...made.leaves.flatMap((leaf) => integer(addressOf(leaf))),
      ...loop.stores.flatMap(([name]) => integer(regions[inPlace[name]].offset)),
      ...loop.sums.flatMap((e) => integer(8 * sums.indexOf(e))),
      ...made.scalars.flatMap(run.read),
      ...[0x10, ...unsigned(known.index)],
    );
  }
  const values = single.map(([, e]) => run.read(e));
  for (const [i, [name]] of single.entries()) {
    run.emit(...integer(regions[inPlace[name]].offset), ...values[i], ...storeCode(1));
  }
  const functions = [...bodies.values()].map(({ made }) => made);
  const bytes = wasmModule({
    functions: [...functions, { params: [], locals: run.locals, code: run.code }],
    pages: Math.ceil(end / PAGE),
    exports: { run: functions.length },
  });
  return { body, border: Object.keys(border), outputs: Object.keys(outputs), bytes, regions };
}

/** The part of a module outside its loops: scalars, calls and stores. */
function scalarCode({
  isLeaf,
  addressOf,
  sumAt,
}: {
  isLeaf: (e: Expr) => boolean;
  addressOf: (leaf: Expr) => number;
  sumAt: (e: ExprOf<"ReduceSum">) => number;
}) {
  const code: number[] = [];
  const locals: ValueType[] = [];
  const known = new Map<Expr, number>();
  const emit = (...more: Code) => {
    for (const byte of more) code.push(byte);
  };
  const computed = (e: Expr): Code => {
    const value = numberOf(e);
    if (value !== undefined) return numberCode(1, value);
    if (isLeaf(e)) return [...integer(addressOf(e)), ...loadCode(1)];
    const [from] = e.inputs;
    if (e.op === "Slice") {
      return [...integer(addressOf(from) + 4 * e.attributes.start), ...loadCode(1)];
    }
    if (e.op === "ReduceSum" && isVector(from)) return [...integer(sumAt(e)), ...LOAD_F64, 0xb6];
    const operands = e.inputs.map(read);
    return laneOf(e)?.(1, ...operands) ?? operands[0];
  };
  /** Reads a scalar, which is computed once, where it is first needed. */
  const read = (e: Expr): Code => {
    let local = known.get(e);
    if (local === undefined) {
      const own = computed(e);
      local = locals.length;
      locals.push(e.dtype === "bool" ? "i32" : "f32");
      known.set(e, local);
      emit(...own, ...set(local));
    }
    return get(local);
  };
  return { code, locals, emit, read };
}

interface LoopFunction {
  readonly leaves: readonly Expr[];
  readonly scalars: readonly Expr[];
  readonly params: ValueType[];
  readonly locals: ValueType[];
  readonly code: number[];
}

/**
 * A loop as a function of its length, the addresses of leaves, stores and sums, and its scalars. It
 * takes four elements at once, then the rest one by one. Sums add in float64.
 */
function loopFunction(loop: Loop, isLeaf: (e: Expr) => boolean): LoopFunction {
  const vectors = [...new Set(rootsOf(loop).flatMap((root) => vectorsOf(root, isLeaf)))];
  const leaves = vectors.filter(isLeaf);
  const inner = vectors.filter((e) => !isLeaf(e));
  const operands = new Set(inner.flatMap((e) => e.inputs));
  const scalars = [...operands].filter((e) => !isVector(e) && numberOf(e) === undefined);

  const params: ValueType[] = ["i32"];
  const param = (type: ValueType) => params.push(type) - 1;
  const locals: ValueType[] = [];
  const leafAt = new Map(leaves.map((e) => [e, param("i32")]));
  const storeAt = loop.stores.map(() => param("i32"));
  const sumAt = loop.sums.map(() => param("i32"));
  const scalarAt = new Map(scalars.map((e) => [e, param(e.dtype === "bool" ? "i32" : "f32")]));
  const local = (type: ValueType) => params.length + locals.push(type) - 1;

  const byte = local("i32");
  const limit = local("i32");
  const totals = loop.sums.map(() => ({ pair: local("v128"), one: local("f64") }));
  const code: number[] = [];
  const emit = (...more: Code) => {
    for (const each of more) code.push(each);
  };
  const addressed = (base: number): Code => [...get(base), ...get(byte), ADD];

  const pass = (lanes: Lanes) => {
    const held = new Map<Expr, number>();
    // Scalars in every lane.
    for (const [e, at] of scalarAt) {
      if (lanes === 1) held.set(e, at);
      else {
        const wide = local("v128");
        const number: Code = e.dtype === "bool" ? [0x41, 0, ...get(at), 0x6b] : get(at);
        emit(...number, 0xfd, ...unsigned(e.dtype === "bool" ? 0x11 : 0x13), ...set(wide));
        held.set(e, wide);
      }
    }
    const read = (e: Expr): Code => {
      const number = numberOf(e);
      return number === undefined ? get(held.get(e) as number) : numberCode(lanes, number);
    };
    const typeOf = (e: Expr): ValueType =>
      lanes === 4 ? "v128" : e.dtype === "bool" ? "i32" : "f32";
    // limit = 4 n, or 4 n without the last elements that are no whole four.
    emit(...get(0), ...(lanes === 4 ? [...integer(-4), 0x71] : []), ...integer(2), 0x74);
    emit(...set(limit), 0x02, 0x40, 0x03, 0x40, ...get(byte), ...get(limit), 0x4f, 0x0d, 1);
    for (const e of vectors) {
      const at = local(typeOf(e));
      const base = leafAt.get(e);
      const own = base === undefined ? laneOf(e)?.(lanes, ...e.inputs.map(read)) : undefined;
      if (base !== undefined) emit(...addressed(base), ...loadCode(lanes));
      else emit(...(own ?? read(e.inputs[0])));
      emit(...set(at));
      held.set(e, at);
    }
    for (const [i, { inputs }] of loop.sums.entries()) {
      const value = read(inputs[0]);
      const { pair, one } = totals[i];
      if (lanes === 1) emit(...get(one), ...value, 0xbb, 0xa0, ...set(one));
      else {
        const PROMOTE = [0xfd, 0x5f];
        const upper = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
        emit(...value, ...PROMOTE, ...value, ...value, 0xfd, 0x0d, ...upper, ...PROMOTE);
        emit(0xfd, ...unsigned(0xf0), ...get(pair), 0xfd, ...unsigned(0xf0), ...set(pair));
      }
    }
    for (const [i, [, e]] of loop.stores.entries()) {
      emit(...addressed(storeAt[i]), ...read(e), ...storeCode(lanes));
    }
    emit(...get(byte), ...integer(4 * lanes), ADD, ...set(byte), 0x0c, 0, 0x0b, 0x0b);
  };
  pass(4);
  pass(1);
  for (const [i, { pair, one }] of totals.entries()) {
    const lane = (k: number): Code => [...get(pair), 0xfd, 0x21, k];
    emit(...get(sumAt[i]), ...lane(0), ...lane(1), 0xa0, ...get(one), 0xa0, ...STORE_F64);
  }
  return { leaves, scalars, params, locals, code };
}
