import type { Graph } from "@gen/graph";
import { blockedConvolutions } from "./blocked-convolutions.ts";
import { cpuRewrites } from "./cpu-rewrites.ts";
import { int32Indices } from "./int32-indices.ts";
import { splitConcatConvolutions } from "./split-concat-convolutions.ts";
import { subpixelConvolutions } from "./subpixel-convolutions.ts";
import { wasmRewrites } from "./wasm-rewrites.ts";

/** What a graph is rewritten for. */
export interface Target {
  /** The native CPU build, the WebAssembly build, or WebGPU in a page. */
  readonly build: "native" | "wasm" | "webgpu";
  /** Channels in a block of the native build's own layout; asked for only where it is needed. */
  readonly channelBlock: () => Promise<number>;
}

interface Pass {
  readonly name: string;
  readonly builds: readonly Target["build"][];
  readonly run: (graph: Graph, target: Target) => Graph | Promise<Graph>;
}

/**
 * Every pass between a graph and ONNX Runtime, in order. None changes a value.
 * `toOnnx` then simplifies the graph and lowers it to ONNX's own forms.
 * Graph capture adds two of its own for each size: `narrowIntegers` and `staticGraph`.
 */
export const passes: readonly Pass[] = [
  { name: "subpixel-convolutions", builds: ["native", "wasm"], run: subpixelConvolutions },
  { name: "split-concat-convolutions", builds: ["native"], run: splitConcatConvolutions },
  {
    name: "cpu-rewrites",
    builds: ["native", "wasm"],
    run: (graph, { build }) => cpuRewrites(graph, build === "native"),
  },
  {
    name: "blocked-convolutions",
    builds: ["native"],
    run: (graph, { channelBlock }) => blockedConvolutions(graph, channelBlock),
  },
  { name: "wasm-rewrites", builds: ["wasm"], run: wasmRewrites },
  { name: "int32-indices", builds: ["webgpu"], run: int32Indices },
];

/** The graph after every pass for `target`. */
export async function applyPasses(graph: Graph, target: Target): Promise<Graph> {
  let rewritten = graph;
  for (const { builds, run } of passes) {
    if (builds.includes(target.build)) rewritten = await run(rewritten, target);
  }
  return rewritten;
}
