/*
 * Loops as a WebAssembly module over one memory of its own. Every tensor has a fixed region there;
 * `run0()`, `run1()` and so on compute the outputs, stage by stage and row by row (`plan-loops.ts`).
 * Each takes at most some millions of elements, so that a host can do other work between two of them.
 *
 * Passes of equal instructions are one function, which the parts call with other addresses.
 */
import type { Graph } from "../expr/trace.ts";
import { overwrites, planLoops, reductionsOf, sizeOfLoop } from "./plan-loops.ts";
import { type InPlace, regionOf } from "./split-loops.ts";
import { wasmModule } from "./wasm-module.ts";
import { REDUCTION_BYTES, type WasmPass } from "./wasm-pass.ts";
import { runCode } from "./wasm-run.ts";

/** Where a tensor's float32 elements lie in the module's memory. */
export interface Region {
  /** In bytes. */
  readonly offset: number;
  /** In elements. */
  readonly length: number;
}

/** A graph in two parts, the loops as a module that exports `memory`, `run0()`, `run1()`, ... */
export interface WasmLoops {
  /** What is left for a runtime. Its outputs are the other outputs and the border. */
  readonly body: Graph;
  /** What the loops read, by the names of inputs and of the body's outputs. */
  readonly border: readonly string[];
  /** The regions of the outputs that the loops compute: in place, those of inputs. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The WebAssembly module. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many functions `run0`, `run1`, ... compute the outputs, one after the other. */
  readonly parts: number;
  /** The regions of the border and of the outputs, by name. */
  readonly regions: Readonly<Record<string, Region>>;
}

// A cache line.
const ALIGNMENT = 64;
const PAGE = 65_536;
const MOST_BYTES = 2 ** 31;
/** Elements of a part: Adam on them takes 2 ms (2026-11-29, AMD EPYC), or 20 on a slow device. */
const PART_ELEMENTS = 2 ** 22;

/**
 * Takes the end of a graph, of which `inPlace` says which outputs take the memory of which inputs,
 * and compiles it as loops. Undefined where loops have nothing to compute, memory of 2 GiB does not
 * hold them, or an output would overwrite what a later loop reads. `partElements`, a multiple of four,
 * changes no result.
 *
 * @param graph The graph.
 * @param inPlace The inputs whose memory outputs take, by the outputs' names.
 * @param partElements How many elements a part takes, a multiple of four. Default: 2^22.
 */
export function wasmLoops(
  graph: Graph,
  inPlace: InPlace,
  partElements = PART_ELEMENTS,
): WasmLoops | undefined {
  const plan = planLoops(graph, inPlace, { sums: true });
  if (!plan || overwrites(plan, inPlace, { singleFirst: true })) return undefined;
  const { body, border, stages, single } = plan;
  const outputs = Object.fromEntries(
    Object.keys(plan.outputs).map((name) => [name, regionOf(name, inPlace)]),
  );
  const results = reductionsOf(plan);
  const regions: Record<string, Region> = {};
  let end = Math.ceil((REDUCTION_BYTES * results.length) / ALIGNMENT) * ALIGNMENT;
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
    resultAt: (e) => REDUCTION_BYTES * results.indexOf(e),
    numberAt() {
      end += 4;
      return end - 4;
    },
    partElements,
    indexOf(made) {
      const key = JSON.stringify([made.params, made.code]);
      const known = passes.get(key) ?? { index: passes.size, made };
      passes.set(key, known);
      return known.index;
    },
  });
  for (const stage of stages) run.stage(stage);
  run.store(single);
  const parts = run.parts();
  const functions = [...passes.values()].map(({ made }) => made);
  const bytes = wasmModule({
    functions: [...functions, ...parts],
    pages: Math.ceil(end / PAGE),
    exports: Object.fromEntries(parts.map((_, k) => [`run${k}`, functions.length + k])),
  });
  return { body, border: Object.keys(border), outputs, bytes, parts: parts.length, regions };
}
