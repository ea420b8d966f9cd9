export type { KeptFile } from "./contents.ts";
export type { FileProgress } from "./fetch-options.ts";
export type { FileStore } from "./file-store.ts";
export { type ModelFiles, modelFiles } from "./model-files.ts";
