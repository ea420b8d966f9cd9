import { fromFloat16, type Shape, shapeText, type Tensor } from "@gen/graph";

/** A tensor of a file, such as `readSafetensors` gives. Half precisions are raw bits. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** A tensor of real numbers. */
export type FloatTensor = Tensor & { readonly dtype: "float32" | "float64" | "float16" };

/** Tensors by the names of their parameters. */
export type Weights = Readonly<Record<string, FloatTensor>>;

/**
 * The numbers of a stored tensor of a given shape.
 * @throws RangeError when it is missing or its shape differs, TypeError when it holds no real
 * numbers.
 */
export function storedNumbers(
  what: string,
  stored: StoredTensor | undefined,
  shape: Shape,
): ArrayLike<number> {
  if (!stored) throw new RangeError(`${what} ${shapeText(shape)} is missing`);
  if (shapeText(stored.shape) !== shapeText(shape)) {
    throw new RangeError(
      `${what} must have shape ${shapeText(shape)}, got ${shapeText(stored.shape)}`,
    );
  }
  const data = stored.data as ArrayLike<number>;
  switch (stored.dtype) {
    case "float32":
    case "float64":
      return data;
    case "float16":
      return Float64Array.from(data, fromFloat16);
    case "bfloat16":
      return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
    default:
      throw new TypeError(
        `${what} must be float32, float64, float16 or bfloat16, got ${stored.dtype}`,
      );
  }
}
