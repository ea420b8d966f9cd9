import type { readModelLayout } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { rules } from "@gen/math/arguments";

/** A model's file, and what reads the weights that are kept beside it. */
export interface ModelBytes {
  /** The bytes of the ONNX file. */
  readonly model: Uint8Array;
  /**
   * Reads `length` bytes from `offset` of a file beside the model.
   *
   * @param location The file's path beside the model, as the model names it.
   * @param offset The first byte.
   * @param length How many bytes.
   * @defaultValue none, all weights are in the file
   */
  readonly externalData?: (location: string, offset: number, length: number) => Uint8Array;
}

/** The nodes of a file and the places of its weights. */
export type ModelLayout = ReturnType<typeof readModelLayout>;

type WeightPlace = NonNullable<ReturnType<ModelLayout["weights"]["get"]>>;

export const FILE: rules.Rule = ["the bytes of a file", (value) => value instanceof Uint8Array];

export const MODEL: rules.Rule = /* @__PURE__ */ rules.having("a model { model, externalData }", {
  model: FILE,
  externalData: /* @__PURE__ */ rules.optional(rules.FUNCTION),
});

/**
 * A copy of the bytes of a weight in float32 or float16.
 *
 * @throws GenError `invalid-model` when they are kept outside and `externalData` is missing, or when
 * they do not fit the weight's shape.
 */
export function weightBytes(
  { model, externalData }: ModelBytes,
  { shape, dtype, location, offset, length }: WeightPlace,
): ArrayBuffer {
  if (location !== undefined && !externalData) {
    throw new GenError(
      "invalid-model",
      `the weights in ${location} are kept outside; pass externalData`,
    );
  }
  const bytes =
    location === undefined
      ? model.subarray(offset, offset + length)
      : externalData?.(location, offset, length);
  const size = shape.reduce((a, b) => a * b, dtype === "float16" ? 2 : 4);
  // A Buffer's own slice would share its memory.
  if (bytes?.length === size) return new Uint8Array(bytes).buffer;
  throw new GenError(
    "invalid-model",
    `a weight of shape [${shape.join(", ")}] takes ${size} bytes, got ${bytes?.length}`,
  );
}
