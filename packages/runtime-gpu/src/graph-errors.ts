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

type ForeignOperation = ReturnType<typeof foreignOperations>[number];

const ownerOf = ({ library = "onnx" }: ForeignOperation): string => library;

/** The operations that only the library of other backends than `backend` knows. */
export function foreignTo(backend: string, graph: Graph): ForeignOperation[] {
  const [library] = backend.split("/");
  return foreignOperations(graph).filter((each) => ownerOf(each) !== library);
}

/** @throws GenError `unsupported-graph` that names the operations that another library knows. */
export function refuseForeign(backend: string, graph: Graph): void {
  const foreign = foreignTo(backend, graph);
  if (foreign.length === 0) return;
  const names = foreignText(foreign);
  const owner = ownerOf(foreign[0]);
  throw unsupported(
    `${backend} cannot run ${names}; the backends of @gen/runtime-gpu/${owner} can`,
  );
}
