import type { Backend, Program } from "@gen/runtime-gpu";
import type { Step } from "../samplers/step.ts";
import type { Engine } from "./engine.ts";
import { pastInput, type StepForm } from "./step-graph.ts";

/** Takes steps on a backend; x stays on the device, and so does what is `shared` by all steps. */
export function programEngine<T>(
  backend: Backend<T>,
  program: Program<T>,
  shape: readonly number[],
  steps: readonly Step[],
  shared: Readonly<Record<string, T>>,
  { depth }: StepForm,
): Engine<T> {
  return {
    upload: (values) => backend.upload(values, shape),
    async step(x, row, noise, past) {
      const at = backend.upload([row, Math.round(steps[row].t)], [2], "int64");
      // x stands in for what the row multiplies by 0.
      const inputs: Record<string, T> = { ...shared, x, row: at, noise: noise ?? x };
      for (let i = 0; i < depth; i++) inputs[pastInput(i)] = past[i] ?? x;
      const running = program.run(inputs);
      backend.dispose(at);
      const outputs = await running;
      return { x: outputs.x, x0: outputs.x0 };
    },
    download: (tensor) => backend.download(tensor),
    dispose: (...tensors) => backend.dispose(...tensors),
  };
}
