import { extname } from "node:path";
import { usageError } from "./errors.ts";

/** A picture, the numbers, or a folder of both and of single pictures. */
export type OutputKind = "png" | "npy" | "folder";

/** The kind of output at a path. @throws GenError `usage` when it ends as another kind of file. */
export function outputKind(out: string): OutputKind {
  const extension = extname(out).toLowerCase();
  if (extension === ".png" || extension === ".npy") return extension.slice(1) as OutputKind;
  if (!/^\.(jpe?g|gif|webp|bmp|tiff?|svg|pdf|npz|csv|tsv|txt|json|onnx)$/.test(extension))
    return "folder";
  throw usageError(`--out must end in .png or .npy, or be a folder, got ${out}`);
}
