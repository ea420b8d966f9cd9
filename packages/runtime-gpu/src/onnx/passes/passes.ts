import type { Graph } from "@gen/graph";
import { weightGradientsByRows } from "../../weight-gradients.ts";
import { blockedConvolutions } from "./blocked-convolutions.ts";
import { cpuRewrites, wasmRewrites } from "./cpu-rewrites.ts";
import { rowForms } from "./row-forms.ts";
import { splitConcatConvolutions } from "./split-concat-convolutions.ts";
import { subpixelConvolutions } from "./subpixel-convolutions.ts";
import { volumeGradients } from "./volume-gradients.ts";
import { int32Indices } from "./webgpu-passes.ts";

/**
 * What runs a graph: ONNX Runtime's native CPU build, its WebAssembly build, its WebGPU provider, or
 * another provider, which takes ONNX's own forms as they are.
 */
export type Build = "native" | "wasm" | "webgpu" | "plain";

type Pass = (graph: Graph, channelBlock: () => Promise<number>) => Graph | Promise<Graph>;

/** Sampling does not need it. */
const tables: Pass = async (graph) => {
  if (!graph.nodes.some(({ op }) => op === "Gather")) return graph;
  return (await import("./index-tables.ts")).indexTables(graph);
};

/**
 * Every pass between a graph and ONNX Runtime, in order. None changes a value.
 * `toOnnx` then simplifies the graph and lowers it to ONNX's own forms.
 * Graph capture adds two passes for each size, `narrowIntegers` and `staticGraph`.
 */
const passes: { readonly [B in Build]: readonly Pass[] } = {
  native: [
    tables,
    subpixelConvolutions,
    splitConcatConvolutions,
    volumeGradients,
    (graph) => cpuRewrites(graph, true),
    rowForms,
    blockedConvolutions,
  ],
  wasm: [
    tables,
    volumeGradients,
    subpixelConvolutions,
    (graph) => cpuRewrites(graph, false),
    wasmRewrites,
  ],
  webgpu: [weightGradientsByRows, int32Indices],
  plain: [weightGradientsByRows],
};

/**
 * The graph after every pass for `build`. `channelBlock` gives the channels in a block of the
 * native build's own layout; it is called only if the graph needs it.
 */
export async function applyPasses(
  graph: Graph,
  build: Build,
  channelBlock = async () => 0,
): Promise<Graph> {
  let rewritten = graph;
  for (const pass of passes[build]) rewritten = await pass(rewritten, channelBlock);
  return rewritten;
}
