export type { KeptFile } from "./model-files/contents.ts";
export type { FileStore } from "./model-files/file-store.ts";
export { ModelFileError } from "./model-files/model-file-error.ts";
export {
  type FetchOptions,
  type ModelFiles,
  type ModelFilesOptions,
  modelFiles,
} from "./model-files/model-files.ts";
export type { FileProgress } from "./model-files/progress.ts";
export type { FolderOptions } from "./model-files/url-folder.ts";
