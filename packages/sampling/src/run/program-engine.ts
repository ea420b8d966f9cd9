import {
  add,
  type Expr,
  exp,
  expand,
  maximum,
  minimum,
  mul,
  type Signature,
  slice,
  sqrt,
  type Tensor,
  trace,
} from "@gen/graph";
import type { Backend, Program } from "@gen/runtime-gpu";
import { type Conditions, conditionInputs, conditionOf } from "../denoiser/conditions.ts";
import { type Denoiser, splitVariance } from "../denoiser/denoiser.ts";
import { thresholdExpr } from "./dynamic-threshold.ts";
import {
  type Clip,
  type Engine,
  FIXED_COEFFICIENTS,
  type StepForm,
  stepCoefficients,
} from "./engine.ts";
import { LACKING } from "./host-engine.ts";

const past = (i: number) => `history${i}`;

/**
 * Network and step as one program: x, t, noise, earlier estimates and a handful of numbers in, the
 * next x and x0 out. Every step of every table of one form runs it, so nothing is compiled twice.
 */
export function stepGraph(
  denoiser: Denoiser<Conditions<Expr>>,
  shape: readonly number[],
  conditions: Conditions<Tensor> | undefined,
  form: StepForm,
) {
  const { depth, variance, threshold } = form;
  const signature: Record<string, Signature> = {
    x: { shape },
    // One for all: what the network makes of it alone is computed once.
    t: { shape: [1], dtype: "int64" },
    noise: { shape },
    coefficients: { shape: [FIXED_COEFFICIENTS + depth] },
    ...Object.fromEntries(Array.from({ length: depth }, (_, i) => [past(i), { shape }])),
    ...conditionInputs(conditions),
  };
  return trace((inputs: Record<string, Expr>) => {
    const { x, noise, coefficients } = inputs;
    const t = expand(inputs.t, [shape[0]]);
    const condition = conditionOf(inputs);
    const number = (i: number) => slice(coefficients, 0, i, i + 1);
    const [dx, dp, nx0, nx, np, nz, low, high, offset, slope] = Array.from(
      { length: FIXED_COEFFICIENTS },
      (_, i) => number(i),
    );
    const { prediction, variance: raw } = splitVariance(denoiser.apply(x, t, condition), x);
    const estimate = add(mul(dx, x), mul(dp, prediction));
    const x0 = threshold
      ? thresholdExpr(estimate, threshold)
      : minimum(maximum(estimate, low), high);
    let mean = add(add(mul(nx0, x0), mul(nx, x)), mul(np, prediction));
    for (let i = 0; i < depth; i++) {
      mean = add(mean, mul(number(FIXED_COEFFICIENTS + i), inputs[past(i)]));
    }
    let deviation = nz;
    if (variance) {
      if (!raw) throw new RangeError(LACKING);
      const told = add(mul(slope, raw), offset);
      const root = variance === "logVariance" ? exp(mul(told, 0.5)) : sqrt(maximum(told, 0));
      deviation = mul(nz, root);
    }
    const gradient = denoiser.gradient?.(x, t, condition);
    if (gradient) mean = add(mean, mul(mul(deviation, deviation), gradient));
    return { x: add(mean, mul(deviation, noise)), x0 };
  }, signature);
}

/** Takes steps on a backend; x stays on the device from one to the next. */
export function programEngine<T>(
  backend: Backend<T>,
  program: Program<T>,
  shape: readonly number[],
  clip: Clip,
  { depth }: StepForm,
  conditions: Readonly<Record<string, T>>,
): Engine<T> {
  return {
    upload: (values) => backend.upload(values, shape),
    async advance(x, step, z, history) {
      const t = backend.upload([Math.round(step.t)], [1], "int64");
      const coefficients = backend.upload(
        Float64Array.from(stepCoefficients(step, clip, depth)),
        [FIXED_COEFFICIENTS + depth],
        "float32",
      );
      try {
        // What a step multiplies by 0, x itself stands in for, and nothing is uploaded.
        const earlier = Array.from({ length: depth }, (_, i) => [past(i), history[i] ?? x]);
        const inputs = {
          x,
          t,
          noise: z ?? x,
          coefficients,
          ...Object.fromEntries(earlier),
          ...conditions,
        };
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
