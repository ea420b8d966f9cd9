import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import type { Fields } from "./folder-kind.ts";
import { missingText } from "./paths.ts";

/** A warning for a model that draws random numbers. */
export const randomness = ({ randomOperations }: OnnxModel, path: string): string[] =>
  randomOperations.length === 0
    ? []
    : [
        `${path} draws random numbers itself (${randomOperations.join(", ")}): its results change from run to run, whatever the seed`,
      ];

/** Our own index names all that a folder has; others' may be written for another kind of files. */
export const mayHold = (index: Fields, name: string): boolean => name in index || !index._gen;

/** What was found at `path`. @throws GenError `invalid-model` saying what the missing part is for. */
export function required<R>(path: string, found: R | undefined, isUnconverted = false): R {
  if (found !== undefined) return found;
  throw new GenError("invalid-model", missingText(path, isUnconverted));
}
