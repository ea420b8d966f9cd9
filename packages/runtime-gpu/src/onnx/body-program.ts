import type { Graph } from "@gen/graph";
import type { Executable } from "../device.ts";
import type { OrtTensor } from "./runtime.ts";

/** The part of a program before its loops, run on the inputs of the whole; it may compute nothing. */
export async function bodyProgram(
  body: Graph,
  compile: (body: Graph) => Promise<Executable<OrtTensor>>,
): Promise<Executable<OrtTensor>> {
  if (Object.keys(body.outputs).length === 0) {
    return { run: async () => ({}), dispose: async () => {} };
  }
  const { run, dispose } = await compile(body);
  return {
    run(inputs, dims) {
      const own = body.inputs.map(({ name }) => [name, inputs.get(name) as OrtTensor] as const);
      return run(new Map(own), dims);
    },
    dispose,
  };
}
