import { type FloatArray, normalNoise } from "@gen/math";
import type { SampleOptions } from "./sample-options.ts";

/** The initial x and the noise of each row that adds any, from the caller or from the seed. */
export function noiseSource({
  steps,
  shape,
  seed = 0,
  firstIndex = 0,
  x,
  noise,
}: Pick<SampleOptions, "steps" | "shape" | "seed" | "firstIndex" | "x" | "noise">) {
  if (!(shape?.length > 0) || !shape.every((d) => Number.isInteger(d) && d > 0)) {
    throw new RangeError(
      `shape must be [batch, ...] of positive integers, got ${JSON.stringify(shape)}`,
    );
  }
  const [batch, ...rest] = shape;
  const size = rest.reduce((a, b) => a * b, 1);
  const indices = Float64Array.from({ length: batch }, (_, i) => firstIndex + i);
  const checked = (values: FloatArray, what: string) => {
    if (values?.length === batch * size) return values;
    throw new RangeError(
      `${what} must hold ${batch * size} numbers for shape [${shape.join(", ")}], got ${values?.length}`,
    );
  };
  const draw = (row: number): FloatArray | undefined => {
    if (!steps[row]?.next.noise) return undefined;
    if (noise) return checked(noise(row, batch * size), `noise of step ${row}`);
    return normalNoise({ seed, purpose: "sample", indices, step: row, size });
  };
  const initial = x
    ? checked(Float64Array.from(x), "x")
    : normalNoise({ seed, purpose: "initial", indices, size });
  return { initial, noise: draw };
}
