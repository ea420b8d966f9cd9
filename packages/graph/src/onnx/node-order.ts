import type { NodeProto } from "./messages.ts";
import { invalidModel, label } from "./protobuf.ts";

/** A node's name, or that of its first result. */
export const nodeName = ({ name, output }: NodeProto): string => name || output[0] || "";

/** The place of the node that computes each value, or {@link GIVEN}. */
export type Sources = Map<string, number>;

/** The source of inputs and initializers. */
export const GIVEN = -1;

/** The nodes that the outputs need, each after the nodes whose values it uses. */
export function ordered(
  nodes: readonly NodeProto[],
  outputs: readonly string[],
  sources: Sources,
): NodeProto[] {
  const [OPEN, DONE] = [1, 2];
  const states = new Uint8Array(nodes.length);
  const order: NodeProto[] = [];
  // The nodes that wait for each other, and how many operands of each are done.
  const stack: number[] = [];
  const next: number[] = [];
  const visit = (name: string, user?: NodeProto) => {
    const source = name === "" ? GIVEN : sources.get(name);
    if (source === GIVEN) return;
    if (source === undefined) {
      const what = user ? `node ${label(nodeName(user))}` : "an output";
      throw invalidModel(`${what} uses ${label(name)}, which the ONNX graph does not define`);
    }
    if (states[source] === OPEN) {
      throw invalidModel(`the ONNX graph is cyclic: ${label(name)} depends on itself`);
    }
    if (states[source] === DONE) return;
    states[source] = OPEN;
    stack.push(source);
    next.push(0);
  };
  for (const output of outputs) {
    visit(output);
    while (stack.length > 0) {
      const top = stack.length - 1;
      const node = nodes[stack[top]];
      if (next[top] < node.input.length) {
        visit(node.input[next[top]++], node);
      } else {
        states[stack[top]] = DONE;
        order.push(node);
        stack.pop();
        next.pop();
      }
    }
  }
  return order;
}
