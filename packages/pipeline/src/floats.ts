import type { NdArray } from "@gen/data";
import { fromFloat16 } from "@gen/graph";
import { GenError } from "@gen/math";

/**
 * The numbers of a tensor of a safetensors file, whatever its float type.
 *
 * @throws GenError `invalid-model` naming the tensor when it holds no floats.
 */
export function floatsOf(name: string, key: string, { dtype, data }: NdArray): ArrayLike<number> {
  if (dtype === "float32" || dtype === "float64") return data as Float32Array;
  const bits = data as Uint16Array;
  if (dtype === "float16") return Float32Array.from(bits, fromFloat16);
  if (dtype === "bfloat16") {
    return new Float32Array(Uint32Array.from(bits, (word) => word << 16).buffer);
  }
  throw new GenError("invalid-model", `${name}: ${key} must hold floats, got ${dtype}`);
}
