import { bindDims, resolveShape } from "./expr/bind-dims.ts";
import { type Expr, type ExprOf, type Input, isInput, isParameter } from "./expr/expr.ts";
import { foreignOperations, foreignRunners } from "./expr/foreign.ts";
import { GraphError } from "./expr/graph-error.ts";
import type { ComputedOp, Op } from "./expr/operations.ts";
import { sameShape, shapeText } from "./expr/shape.ts";
import { isFloat, type Tensor, tensorData, tensorNumbers } from "./expr/tensor.ts";
import type { Graph } from "./expr/trace.ts";
import { arrangeKernels } from "./ops/arrange/kernel.ts";
import { elementwiseKernels } from "./ops/elementwise/kernel.ts";
import type { Kernel, Kernels, Memory, Value } from "./ops/kernel.ts";
import { normalizeKernels } from "./ops/normalize/kernel.ts";
import { productKernels } from "./ops/products/kernel.ts";
import { reduceKernels } from "./ops/reduce/kernel.ts";

/** Tensors by name. */
type Tensors = Record<string, Tensor>;

/**
 * Computes the outputs of `graph` on the CPU: the reference of every operation.
 * Floats of every width are computed and returned as float64; integers are exact up to 2^53.
 *
 * @param graph The graph.
 * @param inputs A tensor for each of its inputs, by name.
 * @throws RangeError naming a missing, unknown or misfit input.
 */
export const evaluate = (graph: Graph, inputs: Readonly<Tensors>): Tensors =>
  compileEvaluation(graph)(inputs);

interface Step {
  readonly node: ExprOf<ComputedOp>;
  readonly operands: readonly number[];
  readonly out: number;
  /** The node's shape; undefined where it has names. */
  readonly shape: readonly number[] | undefined;
  /** The operands that no later step needs. */
  readonly last: readonly number[];
}

/**
 * Prepares `graph` to be evaluated many times; parameters keep the values that they have now.
 * The returned function reuses its intermediate arrays from run to run.
 *
 * @param graph The graph.
 * @throws RangeError naming the operations that only ONNX Runtime has.
 */
export function compileEvaluation(graph: Graph): (inputs: Readonly<Tensors>) => Tensors {
  const foreign = foreignOperations(graph);
  if (foreign.length > 0) {
    const { what, runners } = foreignRunners(foreign);
    throw new GraphError(`evaluate: only ${runners} run ${what}`);
  }
  const slots = new Map(graph.nodes.map((node, i) => [node, i]));
  const results = Object.entries(graph.outputs).map(
    ([name, e]) => [name, slots.get(e) as number] as const,
  );
  const steps = planSteps(graph, slots, new Set(results.map(([, slot]) => slot)));
  const fixed = graph.nodes.map(fixedValue);
  const inputs = graph.inputs.map((input) => ({ input, slot: slots.get(input) }));
  const memory = pool();
  // For each value: the value whose kernel took its array, and the number of values in that array.
  const makers = new Int32Array(graph.nodes.length);
  const users = new Int32Array(graph.nodes.length);

  return (tensors) => {
    requireInputs(graph.inputs, tensors);
    const exact = graph.inputs.every(({ name, shape }) => sameShape(tensors[name].shape, shape));
    const bindings = exact ? {} : bindDims(graph.inputs, shapesOf(tensors));
    const values: (Value | undefined)[] = fixed.slice();
    for (const { input, slot } of inputs) {
      if (slot !== undefined) values[slot] = toValue(tensors[input.name]);
    }
    for (let slot = 0; slot < values.length; slot++) {
      makers[slot] = slot;
      // An array of the caller or the graph is never reused.
      users[slot] = values[slot] ? OWNED : 0;
    }
    for (const { node, operands, out, shape: known, last } of steps) {
      const shape = known ?? resolveShape(node.shape, bindings);
      const inputs = operands.map((slot) => values[slot] as Value);
      const kernel = kernels[node.op] as Kernel<Op>;
      const data = kernel(node as never, inputs, shape, memory);
      values[out] = { shape, data };
      let maker = out;
      for (const slot of operands) if (values[slot]?.data === data) maker = makers[slot];
      makers[out] = maker;
      users[maker]++;
      for (const slot of last) {
        if (--users[makers[slot]] === 0) memory.give((values[slot] as Value).data);
        values[slot] = undefined;
      }
    }
    const outputs = results.map(([name, slot]) => {
      const shared = users[makers[slot]] > 1;
      users[makers[slot]] = OWNED;
      return [name, toTensor(graph.outputs[name], values[slot] as Value, shared)];
    });
    return Object.fromEntries(outputs);
  };
}

// More users than any array has.
const OWNED = 2 ** 30;

function planSteps(graph: Graph, slots: Map<Expr, number>, kept: Set<number>): Step[] {
  const seen = new Set<number>(kept);
  const steps: Step[] = [];
  for (let out = graph.nodes.length - 1; out >= 0; out--) {
    const node = graph.nodes[out];
    if (isInput(node) || isParameter(node) || node.op === "Constant") continue;
    const operands = node.inputs.map((input) => slots.get(input) as number);
    const last = [...new Set(operands)].filter((slot) => !seen.has(slot));
    for (const slot of last) seen.add(slot);
    if (!isKnown(node)) throw new TypeError(`evaluate: operation ${node.op} is not known`);
    const shape = node.shape.every((d) => typeof d === "number") ? node.shape : undefined;
    steps.push({ node, operands, out, shape, last });
  }
  return steps.reverse();
}

const kernels: Kernels<ComputedOp> = {
  ...elementwiseKernels,
  ...arrangeKernels,
  ...reduceKernels,
  ...productKernels,
  ...normalizeKernels,
};

const isKnown = (e: Expr): e is ExprOf<ComputedOp> => e.op in kernels;

function pool(): Memory {
  const free = new Map<number, Float64Array[]>();
  return {
    take: (size) => free.get(size)?.pop() ?? new Float64Array(size),
    give: (array) => {
      const list = free.get(array.length);
      if (list) list.push(array);
      else free.set(array.length, [array]);
    },
  };
}

const shapesOf = (tensors: Readonly<Tensors>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));

function requireInputs(inputs: readonly Input[], tensors: Readonly<Tensors>): void {
  const names = inputs.map(({ name }) => name);
  const extra = Object.keys(tensors).find((name) => !names.includes(name));
  if (extra !== undefined) {
    throw new GraphError(
      `evaluate: ${extra} is no input; the graph takes ${names.join(", ") || "none"}`,
    );
  }
  const text = ({ dtype, shape }: Tensor | Input) => `${dtype} ${shapeText(shape)}`;
  for (const input of inputs) {
    const { name, dtype } = input;
    const given = tensors[name];
    if (given?.dtype === dtype || (given && isFloat(given.dtype) && isFloat(dtype))) continue;
    const got = given ? text(given) : "none";
    throw new GraphError(`evaluate: input ${name} must be ${text(input)}, got ${got}`);
  }
}

/** The value of a parameter or a constant; undefined for other nodes. */
function fixedValue(node: Expr): Value | undefined {
  if (node.op === "Constant") return toValue(node.attributes.value);
  if (!isParameter(node)) return undefined;
  const { name, shape, value } = node;
  if (sameShape(value.shape, shape)) return toValue(value);
  throw new GraphError(
    `evaluate: parameter ${name} must be ${shapeText(shape)}, got ${shapeText(value.shape)}`,
  );
}

function toValue(tensor: Tensor): Value {
  const numbers = tensorNumbers(tensor);
  const data = numbers instanceof Float64Array ? numbers : Float64Array.from(numbers);
  return { shape: tensor.shape, data };
}

function toTensor(node: Expr, { shape, data }: Value, shared: boolean): Tensor {
  const dtype = isFloat(node.dtype) ? "float64" : node.dtype;
  return { dtype, shape, data: tensorData(shared ? data.slice() : data, dtype) };
}
