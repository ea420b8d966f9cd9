import {
  add,
  type Expr,
  maximum,
  minimum,
  mul,
  type Signature,
  slice,
  type Tensor,
  trace,
} from "@gen/graph";
import type { Backend, Program } from "@gen/runtime-gpu";
import type { Denoiser } from "./denoiser.ts";
import { type Clip, type Engine, stepCoefficients } from "./engine.ts";

/**
 * Network and step as one program: x, t, noise and eight numbers in, the next x and x0 out.
 * Every step of every table runs it, so nothing is compiled twice.
 */
export function stepGraph(
  denoiser: Denoiser,
  shape: readonly number[],
  condition?: Pick<Tensor, "shape" | "dtype">,
) {
  const signature: Record<string, Signature> = {
    x: { shape },
    t: { shape: [shape[0]], dtype: "int64" },
    noise: { shape },
    coefficients: { shape: [8] },
    ...(condition && { condition }),
  };
  return trace(({ x, t, noise, coefficients, condition }: Record<string, Expr>) => {
    const [dx, dp, nx0, nx, np, nz, low, high] = Array.from({ length: 8 }, (_, i) =>
      slice(coefficients, 0, i, i + 1),
    );
    const prediction = denoiser.apply(x, t, condition);
    const estimate = add(mul(dx, x), mul(dp, prediction));
    const x0 = minimum(maximum(estimate, low), high);
    const mean = add(add(mul(nx0, x0), mul(nx, x)), mul(np, prediction));
    return { x: add(mean, mul(nz, noise)), x0 };
  }, signature);
}

/** Takes steps on a backend; x stays on the device from one to the next. */
export function programEngine<T>(
  backend: Backend<T>,
  program: Program<T>,
  shape: readonly number[],
  clip: Clip,
  condition: T | undefined,
): Engine<T> {
  return {
    upload: (values) => backend.upload(values, shape),
    async advance(x, step, z) {
      const t = backend.upload(
        new BigInt64Array(shape[0]).fill(BigInt(step.t)),
        [shape[0]],
        "int64",
      );
      const coefficients = backend.upload(
        Float64Array.from(stepCoefficients(step, clip)),
        [8],
        "float32",
      );
      try {
        // A step without noise multiplies it by 0: x itself stands in, and nothing is uploaded.
        const inputs = { x, t, noise: z ?? x, coefficients, ...(condition && { condition }) };
        const outputs = await program.run(inputs);
        return { x: outputs.x, x0: outputs.x0 };
      } finally {
        backend.dispose(t, coefficients);
      }
    },
    download: (tensor) => backend.download(tensor),
    dispose: (tensor) => backend.dispose(tensor),
  };
}
