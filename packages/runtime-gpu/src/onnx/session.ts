import { type DType, type Graph, shapeText } from "@gen/graph";
import { bindDims, resolveShape } from "@gen/graph/compiler";
import { toOnnx } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import type { Executable } from "../device.ts";
import { unsupported } from "../errors.ts";
import { refuseForeign } from "../graph-errors.ts";
import { inNode } from "../in-node.ts";
import type { Ort, OrtTensor, SessionOptions } from "./runtime.ts";

/** The runtime throws what it logs as an error (3), so only fatal errors (4) are logged. */
function logLevel(): 3 | 4 {
  const { GEN_DEBUG } = (inNode() ? process.env : globalThis) as { GEN_DEBUG?: unknown };
  return GEN_DEBUG ? 3 : 4;
}

/** The options of every session. */
export const sessionDefaults = () =>
  ({
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    enableCpuMemArena: true,
    enableMemPattern: true,
    logSeverityLevel: logLevel(),
  }) as const;

/**
 * A session of ONNX Runtime that runs `graph`. `place` decides where outputs are left; without it
 * they are in host memory.
 */
export async function graphSession(
  ort: Ort,
  graph: Graph,
  options: SessionOptions,
  place?: (dtype: DType) => "cpu" | "gpu-buffer",
): Promise<Executable<OrtTensor>> {
  refuseForeign("onnx", graph);
  // ONNX forbids an output to have an input's name; such outputs are renamed in the file.
  const taken = new Set([...graph.inputs, ...graph.parameters].map((e) => e.name));
  const named = Object.entries(graph.outputs).map(([name, e]) => {
    let inFile = name;
    while (taken.has(inFile)) inFile = `${inFile}'`;
    taken.add(inFile);
    return { name, inFile, e };
  });
  const outputs = Object.fromEntries(named.map(({ inFile, e }) => [inFile, e]));
  const foreign = graph.nodes.some(({ op }) => op === "Foreign");
  const { logSeverityLevel, ...defaults } = sessionDefaults();
  const opening = ort.InferenceSession.create(toOnnx({ ...graph, outputs }), {
    ...defaults,
    logSeverityLevel,
    ...options,
    ...(place && {
      preferredOutputLocation: Object.fromEntries(
        named.map(({ inFile, e }) => [inFile, place(e.dtype)]),
      ),
    }),
  });
  const session = await opening.catch((cause: Error) => {
    // The runtime is the first that checks nodes of its own operations.
    if (!foreign) throw cause;
    throw unsupported(`ONNX Runtime refuses the model: ${cause.message}`, { cause });
  });
  return {
    async run(inputs) {
      const results = await session.run(Object.fromEntries(inputs), { logSeverityLevel });
      const byName = Object.fromEntries(named.map(({ name, inFile }) => [name, results[inFile]]));
      try {
        if (foreign) checkShapes(graph, inputs, byName);
      } catch (error) {
        for (const each of Object.values(byName)) each.dispose();
        throw error;
      }
      return byName;
    },
    dispose: () => session.release(),
  };
}

/** @throws GenError `invalid-model` when a file states a shape that its operations do not give. */
function checkShapes(
  graph: Graph,
  inputs: ReadonlyMap<string, OrtTensor>,
  results: Readonly<Record<string, OrtTensor>>,
): void {
  const given = Object.fromEntries([...inputs].map(([name, { dims }]) => [name, dims]));
  const bindings = bindDims(graph.inputs, given);
  for (const [name, { shape }] of Object.entries(graph.outputs)) {
    const stated = shapeText(resolveShape(shape, bindings));
    const actual = shapeText(results[name].dims);
    if (stated === actual) continue;
    const message = `output ${name} is ${actual}, but the model file makes it ${stated}`;
    throw new GenError("invalid-model", message);
  }
}
