export type { KeptFile } from "./contents.ts";
export type { FetchOptions } from "./fetch-options.ts";
export type { FileStore } from "./file-store.ts";
export { type ModelFiles, type ModelFilesOptions, modelFiles } from "./model-files.ts";
export type { FileProgress } from "./progress.ts";
export type { FolderOptions } from "./url-folder.ts";
