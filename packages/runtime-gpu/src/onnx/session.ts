import { type DType, type Graph, toOnnx } from "@gen/graph";
import type { Ort, OrtTensor, Session, SessionOptions } from "./runtime.ts";

/** A graph as an inference session: names are the graph's own. */
export interface GraphSession {
  run(inputs: ReadonlyMap<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/**
 * Hands `graph` to ONNX Runtime, which may call an output as an input of the graph; the file may not.
 * `place` says where outputs are left; in host memory unless told.
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
  const session: Session = await ort.InferenceSession.create(toOnnx({ ...graph, outputs }), {
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
  const names = [...fileName];
  return {
    async run(inputs) {
      const results = await session.run(Object.fromEntries(inputs));
      return Object.fromEntries(names.map(([name, file]) => [name, results[file]]));
    },
    release: () => session.release(),
  };
}
