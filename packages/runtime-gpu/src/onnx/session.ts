import { type DType, type Graph, shapeText } from "@gen/graph";
import { bindDims, resolveShape } from "@gen/graph/compiler";
import { toOnnx } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { unsupported } from "../errors.ts";
import type { Ort, OrtTensor, Session, SessionOptions } from "./runtime.ts";

/** A graph as an inference session: names are the graph's own. */
export interface GraphSession {
  run(inputs: ReadonlyMap<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/**
 * Hands `graph` to ONNX Runtime, which may call an output as an input of the graph; the file may not.
 * `place` says where outputs are left; without it they are in host memory.
 */
export async function graphSession(
  ort: Ort,
  graph: Graph,
  options: SessionOptions,
  place?: (dtype: DType) => "cpu" | "gpu-buffer",
): Promise<GraphSession> {
  const taken = new Set([...graph.inputs, ...graph.parameters].map((e) => e.name));
  const fileName = new Map<string, string>();
  for (const name of Object.keys(graph.outputs)) {
    let free = name;
    while (taken.has(free)) free = `${free}'`;
    taken.add(free);
    fileName.set(name, free);
  }
  const outputs = Object.fromEntries(
    Object.entries(graph.outputs).map(([name, e]) => [fileName.get(name) as string, e]),
  );
  const foreign = graph.nodes.some(({ op }) => op === "Foreign");
  const opening = ort.InferenceSession.create(toOnnx({ ...graph, outputs }), {
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    enableCpuMemArena: true,
    enableMemPattern: true,
    logSeverityLevel: 3,
    ...options,
    ...(place && {
      preferredOutputLocation: Object.fromEntries(
        Object.entries(outputs).map(([name, { dtype }]) => [name, place(dtype)]),
      ),
    }),
  });
  const session: Session = await (foreign ? opening.catch(refused) : opening);
  const names = [...fileName];
  return {
    async run(inputs) {
      const results = await session.run(Object.fromEntries(inputs));
      if (foreign) {
        try {
          checkShapes(graph, inputs, (name) => results[fileName.get(name) as string].dims);
        } catch (error) {
          for (const each of Object.values(results)) each.dispose();
          throw error;
        }
      }
      return Object.fromEntries(names.map(([name, file]) => [name, results[file]]));
    },
    release: () => session.release(),
  };
}

/** Nodes that are kept from a file are first understood by the runtime. */
function refused(cause: Error): never {
  throw unsupported(`ONNX Runtime refuses the model: ${cause.message}`, {
    cause,
  });
}

/** @throws GenError `invalid-model` where a file said something false of the shapes that its own operations give. */
function checkShapes(
  graph: Graph,
  inputs: ReadonlyMap<string, OrtTensor>,
  dimsOf: (output: string) => readonly number[],
): void {
  const given = Object.fromEntries([...inputs].map(([name, { dims }]) => [name, dims]));
  const bindings = bindDims(graph.inputs, given);
  for (const [name, { shape }] of Object.entries(graph.outputs)) {
    const told = resolveShape(shape, bindings);
    const made = dimsOf(name);
    if (shapeText(told) !== shapeText(made)) {
      throw new GenError(
        "invalid-model",
        `output ${name} is ${shapeText(made)}, but the model file makes it ${shapeText(told)}`,
      );
    }
  }
}
