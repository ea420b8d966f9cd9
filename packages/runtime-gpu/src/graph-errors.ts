import type { Graph } from "@gen/graph";
import { foreignText } from "@gen/graph/compiler";
import { foreignOperations } from "@gen/graph/onnx";
import { unsupported } from "./errors.ts";

/** `a model (inputs x, t; outputs y)`: a graph for messages. */
export const graphText = ({ inputs, outputs }: Graph): string => {
  const list = (names: string[]) =>
    names.length > 6
      ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`
      : names.join(", ");
  const given = list(inputs.map(({ name }) => name));
  return `a model (inputs ${given || "none"}; outputs ${list(Object.keys(outputs))})`;
};

/** @throws GenError `unsupported-graph` that names the operations that only ONNX Runtime knows. */
export function refuseForeign(backend: string, graph: Graph): void {
  const foreign = foreignOperations(graph);
  if (foreign.length === 0) return;
  const names = foreignText(foreign);
  throw unsupported(`${backend} cannot run ${names}; the backends of @gen/runtime-gpu/onnx can`);
}
