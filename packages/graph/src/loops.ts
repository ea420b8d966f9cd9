/**
 * The elementwise end of a graph, such as an optimizer's update, as a WebAssembly module.
 * @module
 */
export { type WasmLoops, wasmLoops } from "./loops/wasm-loops.ts";
