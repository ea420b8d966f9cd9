/**
 * The elementwise end of a graph, such as an optimizer's update, as a WebAssembly module or as WGSL.
 * @module
 */
export { type WasmLoops, wasmLoops } from "./loops/wasm-loops.ts";
export { type WgslLoop, type WgslLoops, wgslLoops } from "./loops/wgsl-loops.ts";
