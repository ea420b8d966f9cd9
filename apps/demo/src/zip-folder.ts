import { zipSync } from "fflate";

/** The files of a folder, by path, as a zip archive. They are stored as they are: weights hardly shrink. */
export const zipFolder = (files: Readonly<Record<string, Uint8Array>>): Blob =>
  new Blob([zipSync({ ...files }, { level: 0 }) as BlobPart], { type: "application/zip" });
