/*
 * Loops as a WebAssembly module over one memory of its own. Every tensor has a fixed region there;
 * `run()` computes the outputs, stage by stage and row by row (`plan-loops.ts`).
 *
 * Passes of equal instructions are one function, which `run` calls with other addresses.
 */
import type { Expr } from "../expr/expr.ts";
import type { Graph } from "../expr/trace.ts";
import { type Hold, laneOf, numberCode } from "./lane-operations.ts";
import {
  type LoopPlan,
  overwrites,
  planLoops,
  reductionsOf,
  type Stage,
  sizeOfLoop,
} from "./plan-loops.ts";
import { isReduction, operandsOf, type Reduction } from "./rows.ts";
import { type InPlace, numberOf, regionOf } from "./split-loops.ts";
import {
  ADD,
  ADD_F64,
  DEMOTE,
  float64,
  get,
  integer,
  LOAD_F64,
  loadCode,
  MAX_F64,
  MULTIPLY_F64,
  PROMOTE,
  STORE_F64,
  set,
  storeCode,
} from "./wasm-code.ts";
import { type Code, unsigned, type ValueType, wasmModule } from "./wasm-module.ts";
import { type WasmPass, wasmPass } from "./wasm-pass.ts";

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
  /** The regions of the outputs that the loops compute: in place, those of inputs. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The regions of the border and of the outputs, by name. */
  readonly regions: Readonly<Record<string, Region>>;
}

// A cache line.
const ALIGNMENT = 64;
const PAGE = 65_536;
const MOST_BYTES = 2 ** 31;

/**
 * Takes the end of a graph, of which `inPlace` says which outputs take the memory of which inputs,
 * and compiles it as loops. Undefined where loops have nothing to compute, memory of 2 GiB does not
 * hold them, or an output would overwrite what a later loop reads.
 */
export function wasmLoops(graph: Graph, inPlace: InPlace): WasmLoops | undefined {
  const plan = planLoops(graph, inPlace, { sums: true });
  if (!plan || overwrites(plan, inPlace, { singleFirst: true })) return undefined;
  const { body, border, stages, single } = plan;
  const outputs = Object.fromEntries(
    Object.keys(plan.outputs).map((name) => [name, regionOf(name, inPlace)]),
  );
  const results = reductionsOf(plan);
  const regions: Record<string, Region> = {};
  // Each reduction has the result of a row and the total of all rows, in float64.
  let end = Math.ceil((16 * results.length) / ALIGNMENT) * ALIGNMENT;
  const place = (name: string, length: number) => {
    regions[name] ??= { offset: end, length };
    if (regions[name].offset === end) end += Math.ceil((4 * length) / ALIGNMENT) * ALIGNMENT;
  };
  for (const [name, e] of Object.entries(border)) place(name, sizeOfLoop(e));
  for (const [name, e] of Object.entries(plan.outputs)) place(outputs[name], sizeOfLoop(e));
  const ownSizes = Object.entries(plan.outputs).every(
    ([name, e]) => regions[outputs[name]].length === sizeOfLoop(e),
  );
  if (!ownSizes || end > MOST_BYTES) return undefined;

  const passes = new Map<string, { index: number; made: WasmPass }>();
  const run = runCode(plan, {
    offsetOf: (name) => regions[name].offset,
    targetOf: (output) => regions[outputs[output]].offset,
    resultAt: (e) => 16 * results.indexOf(e),
    indexOf(made) {
      const key = JSON.stringify([made.params, made.code]);
      const known = passes.get(key) ?? { index: passes.size, made };
      passes.set(key, known);
      return known.index;
    },
  });
  for (const stage of stages) run.stage(stage);
  run.store(single);
  const functions = [...passes.values()].map(({ made }) => made);
  const bytes = wasmModule({
    functions: [...functions, { params: [], locals: run.locals, code: run.code }],
    pages: Math.ceil(end / PAGE),
    exports: { run: functions.length },
  });
  return { body, border: Object.keys(border), outputs, bytes, regions };
}

/** Where the parts of a module are. Addresses are in bytes. */
interface Layout {
  offsetOf(name: string): number;
  targetOf(output: string): number;
  /** The result of a reduction over a row; the total over all rows follows it. */
  resultAt(e: Reduction): number;
  indexOf(made: WasmPass): number;
}

/** The function that calls the passes: rows, single numbers, calls and stores. */
function runCode(plan: LoopPlan, { offsetOf, targetOf, resultAt, indexOf }: Layout) {
  const { rows, placeOf, isVector, isTotal } = plan;
  const code: number[] = [];
  const locals: ValueType[] = [];
  const emit = (...more: Code) => {
    for (const byte of more) code.push(byte);
  };
  const local = (type: ValueType) => locals.push(type) - 1;
  const row = local("i32");
  /** The values known so far, and those of the present row. */
  const known = new Map<Expr, number>();
  let ofRow = new Map<Expr, number>();

  /** The address of a row's first element, or of its only one. */
  const rowAddress = (base: number, size: number, stride: number): Code => {
    if (size === 1 || rows === 1) return integer(base);
    const at = size < rows ? [...get(row), ...integer(size), 0x70] : get(row);
    return [...at, ...integer(4 * (size < rows ? 1 : stride)), 0x6c, ...integer(base), ADD];
  };
  const addressOf = (e: Expr): Code => {
    const { name, offset, stride } = placeOf(e) as NonNullable<ReturnType<typeof placeOf>>;
    return rowAddress(offsetOf(name) + 4 * offset, sizeOfLoop(e), stride);
  };
  const targetAddress = (name: string, e: Expr): Code =>
    rowAddress(targetOf(name), sizeOfLoop(e), sizeOfLoop(e) / rows);

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
      const own = computed(e);
      at = local(e.dtype === "bool" ? "i32" : "f32");
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
      const made = wasmPass(loop, plan);
      const scalars = made.scalars.flatMap(read);
      emit(
        ...integer(loop.length),
        ...made.leaves.flatMap(addressOf),
        ...loop.stores.flatMap(([name, e]) => targetAddress(name, e)),
        ...loop.reductions.flatMap((e) => integer(resultAt(e))),
        ...scalars,
        ...[0x10, ...unsigned(indexOf(made))],
      );
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
    ofRow = new Map();
    emit(...integer(0), ...set(row), 0x03, 0x40);
    passesOf(each);
    emit(...get(row), ...integer(1), ADD, ...set(row));
    emit(...get(row), ...integer(rows), 0x49, 0x0d, 0, 0x0b);
  };
  return { code, locals, stage, store };
}
