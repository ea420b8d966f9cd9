import * as g from "@gen/graph";
import type { Backend, DeviceTensor } from "../src/index.ts";
import { check, same } from "./conformance/case.ts";

/** How much a loop does: `size` numbers in each of two samples. */
export interface LoopSize {
  steps: number;
  size: number;
}

/** Network and update in one program, as a sampler at eta 0: x in, the next x and x0 out. */
function stepGraph(size: number): g.Graph {
  const scale = g.parameter("scale", g.tensor(new Float32Array(size).fill(0.5), [size]));
  return g.trace(
    ({ x, t, coefficients }) => {
      const time = g.reshape(g.mul(g.cast(t, "float32"), 0.001), [2, 1]);
      const prediction = g.tanh(g.add(g.mul(x, scale), time));
      const number = (i: number) => g.slice(coefficients, 0, i, i + 1);
      const x0 = g.sub(g.mul(number(0), x), g.mul(number(1), prediction));
      return { x: g.add(g.mul(number(2), x0), g.mul(number(3), x)), x0 };
    },
    {
      x: { shape: [2, size] },
      t: { shape: [2], dtype: "int64" },
      coefficients: { shape: [4] },
    },
  );
}

/** One sample: x is uploaded once and read once; a step uploads only its time and four numbers. */
export async function sampleOnce(
  backend: Backend<DeviceTensor>,
  { steps, size }: LoopSize,
  eachStep: (step: number) => void = () => {},
): Promise<number> {
  const before = backend.memory().live;
  const program = await backend.compile(stepGraph(size));
  let x = backend.upload(new Float32Array(2 * size).fill(0.25), [2, size]);
  for (let step = 0; step < steps; step++) {
    const t = backend.upload([steps - step, steps - step], [2], "int64");
    const coefficients = backend.upload([1.1, 0.2, 0.6, 0.3], [4]);
    const next = await program.run({ x, t, coefficients });
    backend.dispose(t, coefficients, x, next.x0);
    x = next.x;
    same(`live tensors in step ${step}`, backend.memory().live, before + 1);
    eachStep(step);
  }
  const values = await backend.download(x);
  backend.dispose(x);
  await program.dispose();
  same("live tensors afterwards", backend.memory().live, before);
  check(values.every(Number.isFinite), "x must stay finite");
  return values[0];
}

/** Bytes that a sample needs at once: x, the next x, x0, two int64 and four float32 numbers. */
export const peakOf = ({ size }: LoopSize): number => 3 * 2 * size * 4 + 2 * 8 + 4 * 4;

/** What `sampleOnce` has to give, in float64. */
export function expected({ steps }: LoopSize): number {
  let x = 0.25;
  for (let step = 0; step < steps; step++) {
    const x0 = 1.1 * x - 0.2 * Math.tanh(0.5 * x + 0.001 * (steps - step));
    x = 0.6 * x0 + 0.3 * x;
  }
  return x;
}
