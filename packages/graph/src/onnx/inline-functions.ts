/*
 * Calls of a file's own functions, replaced by the nodes of their bodies, so that the operands of each
 * node are known:
 *
 *   y = f(x)    with    f(a) -> b: h = Neg(a), b = Abs(h)    becomes    #1/h = Neg(x), y = Abs(#1/h)
 *
 * The runtime takes the file as it is; what is inlined here is only checked.
 */
import { MAX_GRAPH_DEPTH, MAX_NODES } from "./limits.ts";
import { changed } from "./message-codec.ts";
import type { AttributeProto, ModelProto, NodeProto } from "./messages.ts";
import { nodeName } from "./node-order.ts";
import { domainOf } from "./operator-domains.ts";
import { invalidModel, label, unsafeModel } from "./protobuf.ts";

type FunctionProto = ModelProto["functions"][number];

/** The domains of ONNX and its runtime, whose operators no function may stand for. */
const RUNTIME = /^$|^(ai\.onnx|com\.microsoft|com\.ms|com\.xilinx|org\.pytorch\.aten)(\.|$)/;

const keyOf = (domain: string, name: string, overload: string) =>
  JSON.stringify([domainOf(domain), name, overload]);

/** The functions of a file. */
export interface OwnFunctions {
  /** Whether a node calls one. */
  isCall(node: NodeProto): boolean;
  /** The nodes, with those of the functions that they call. */
  inline(nodes: readonly NodeProto[]): readonly NodeProto[];
}

/** @throws GenError `unsafe-model` when a function has the name of a runtime's operator. */
export function ownFunctions(functions: readonly FunctionProto[]): OwnFunctions {
  const known = new Map<string, FunctionProto>();
  for (const each of functions) {
    if (RUNTIME.test(each.domain)) {
      throw unsafeModel(
        `the function ${label(each.name)} must be in a domain of its own, got ${label(each.domain || "ai.onnx")}`,
      );
    }
    known.set(keyOf(each.domain, each.name, each.overload), each);
  }
  const called = ({ domain, opType, overload }: NodeProto) =>
    known.get(keyOf(domain, opType, overload));
  let calls = 0;
  function* nodesOf(
    nodes: readonly NodeProto[],
    change: (node: NodeProto) => NodeProto,
    depth: number,
  ): Generator<NodeProto> {
    for (const each of nodes) {
      const node = change(each);
      const own = called(node);
      if (!own) {
        yield node;
        continue;
      }
      if (depth > MAX_GRAPH_DEPTH) {
        throw invalidModel(
          `node ${label(nodeName(node))} calls functions that call others more than ${MAX_GRAPH_DEPTH} deep`,
        );
      }
      calls++;
      yield* nodesOf(own.node, inside(own, node, `#${calls}/`), depth + 1);
    }
  }
  return {
    isCall: (node) => called(node) !== undefined,
    inline(nodes) {
      if (known.size === 0) return nodes;
      const all: NodeProto[] = [];
      for (const node of nodesOf(nodes, (each) => each, 0)) {
        if (all.push(node) <= MAX_NODES) continue;
        throw invalidModel(`the ONNX model has more than ${MAX_NODES} nodes with its functions`);
      }
      return all;
    },
  };
}

/** A node of a function's body as it is in one call. */
function inside(own: FunctionProto, call: NodeProto, prefix: string) {
  const names = new Map<string, string>([["", ""]]);
  for (const [i, name] of own.input.entries()) names.set(name, call.input[i] ?? "");
  for (const [i, name] of own.output.entries()) if (call.output[i]) names.set(name, call.output[i]);
  const named = (name: string) => names.get(name) ?? prefix + name;
  const given = new Map(
    [...own.attributeProto, ...call.attribute].map((each) => [each.name, each]),
  );
  const valuesOf = (attribute: AttributeProto): AttributeProto[] => {
    if (attribute.refAttrName === "") return [attribute];
    const value = given.get(attribute.refAttrName);
    return value ? [changed(value, { name: attribute.name })] : [];
  };
  return (node: NodeProto): NodeProto =>
    changed(node, {
      name: prefix + nodeName(node),
      input: node.input.map(named),
      output: node.output.map(named),
      attribute: node.attribute.flatMap(valuesOf),
    });
}
