import { type Bindings, bindDims, resolveShape } from "./expr/bind-dims.ts";
import {
  type Expr,
  type ExprOf,
  type Input,
  isInput,
  isParameter,
  type Parameter,
} from "./expr/expr.ts";
import { foreignOperations, foreignText } from "./expr/foreign.ts";
import type { ComputedOp } from "./expr/operations.ts";
import { sameShape, shapeText } from "./expr/shape.ts";
import { isFloat, type Tensor, tensorData, tensorNumbers } from "./expr/tensor.ts";
import type { Graph } from "./expr/trace.ts";
import { arrangeKernels } from "./ops/arrange/kernel.ts";
import { elementwiseKernels } from "./ops/elementwise/kernel.ts";
import type { Kernels, Memory, Value } from "./ops/kernel.ts";
import { normalizeKernels } from "./ops/normalize/kernel.ts";
import { productKernels } from "./ops/products/kernel.ts";
import { reduceKernels } from "./ops/reduce/kernel.ts";

/** Tensors by name, into and out of a graph. */
export type Tensors = Record<string, Tensor>;

/**
 * Computes the outputs of `graph` on the CPU in float64: what every operation means, as a program.
 * Floats of every width are computed and returned as float64; integers are exact up to 2^53.
 * @throws RangeError or TypeError naming an input that is missing, unknown, or of another shape or dtype.
 */
export const evaluate = (graph: Graph, inputs: Readonly<Tensors>): Tensors =>
  compileEvaluation(graph)(inputs);

interface Step {
  readonly node: ExprOf<ComputedOp>;
  readonly operands: readonly number[];
  readonly out: number;
  /** The values that no later step needs. */
  readonly last: readonly number[];
}

/**
 * Prepares `graph` to be evaluated many times; parameters keep the values that they have now.
 * The function that it returns reuses its intermediate arrays from run to run.
 * @throws TypeError when the graph has operations that are not known here; those that only ONNX Runtime has
 * are all named.
 */
export function compileEvaluation(graph: Graph): (inputs: Readonly<Tensors>) => Tensors {
  const foreign = foreignOperations(graph);
  if (foreign.length > 0) {
    throw new TypeError(
      `evaluate: only ONNX Runtime's backends run ${foreignText(foreign)}, which the graph has from its model file`,
    );
  }
  const slots = new Map(graph.nodes.map((node, i) => [node, i]));
  const results = Object.entries(graph.outputs).map(
    ([name, e]) => [name, slots.get(e) as number] as const,
  );
  const steps = planSteps(graph, slots, new Set(results.map(([, slot]) => slot)));
  const fixed = graph.nodes.map((node) => {
    if (isParameter(node)) return parameterValue(node);
    return node.op === "Constant" ? toValue(node.attributes.value) : undefined;
  });
  const memory = pool();

  return (tensors) => {
    requireInputs(graph.inputs, tensors);
    const bindings = bindDims(graph.inputs, shapesOf(tensors));
    const values: (Value | undefined)[] = [...fixed];
    for (const input of graph.inputs) {
      const slot = slots.get(input);
      if (slot !== undefined) values[slot] = toValue(tensors[input.name]);
    }
    const uses = new Map<Float64Array, number>();
    // What the caller or the graph owns is never reused.
    for (const value of values) if (value) uses.set(value.data, Number.POSITIVE_INFINITY);
    for (const step of steps) {
      const value = compute(step, values, bindings, memory);
      uses.set(value.data, (uses.get(value.data) ?? 0) + 1);
      values[step.out] = value;
      for (const slot of step.last) {
        const { data } = values[slot] as Value;
        const left = (uses.get(data) as number) - 1;
        uses.set(data, left);
        if (left === 0) memory.give(data);
        values[slot] = undefined;
      }
    }
    return Object.fromEntries(
      results.map(([name, slot]) => {
        const value = values[slot] as Value;
        const shared = (uses.get(value.data) as number) > 1;
        uses.set(value.data, Number.POSITIVE_INFINITY);
        return [name, toTensor(graph.outputs[name], value, shared)];
      }),
    );
  };
}

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
    steps.push({ node, operands, out, last });
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

const run = <O extends ComputedOp>(
  node: ExprOf<O>,
  ...operands: [inputs: readonly Value[], shape: readonly number[], memory: Memory]
): Float64Array => kernels[node.op](node, ...operands);

function compute(
  step: Step,
  values: (Value | undefined)[],
  bindings: Bindings,
  memory: Memory,
): Value {
  const shape = resolveShape(step.node.shape, bindings);
  const operands = step.operands.map((slot) => values[slot] as Value);
  return { shape, data: run(step.node, operands, shape, memory) };
}

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
  for (const name of Object.keys(tensors)) {
    if (!names.includes(name)) {
      throw new RangeError(
        `evaluate: ${name} is no input; the graph takes ${names.join(", ") || "none"}`,
      );
    }
  }
  for (const { name, dtype, shape } of inputs) {
    const given = tensors[name];
    if (!given)
      throw new RangeError(`evaluate: input ${name} ${dtype} ${shapeText(shape)} is missing`);
    if (given.dtype !== dtype && !(isFloat(given.dtype) && isFloat(dtype))) {
      throw new TypeError(
        `evaluate: input ${name} must be ${dtype} ${shapeText(shape)}, got ${given.dtype} ${shapeText(given.shape)}`,
      );
    }
  }
}

function parameterValue({ name, shape, value }: Parameter): Value {
  if (sameShape(value.shape, shape)) return toValue(value);
  throw new RangeError(
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
