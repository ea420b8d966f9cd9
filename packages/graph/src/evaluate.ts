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
type Tensors = Record<string, Tensor>;

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
  /** The node's shape, where it has no names. */
  readonly shape: readonly number[] | undefined;
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
  const inputs = graph.inputs.map((input) => ({ input, slot: slots.get(input) }));
  const memory = pool();
  // For each value the one that its array was made for, and for each of these how many values have its array.
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
      // What the caller or the graph owns is never reused.
      users[slot] = values[slot] ? OWNED : 0;
    }
    for (const step of steps) {
      const value = compute(step, values, bindings, memory);
      values[step.out] = value;
      let maker = step.out;
      for (const slot of step.operands) {
        if (values[slot]?.data === value.data) maker = makers[slot];
      }
      makers[step.out] = maker;
      users[maker]++;
      for (const slot of step.last) {
        if (--users[makers[slot]] === 0) memory.give((values[slot] as Value).data);
        values[slot] = undefined;
      }
    }
    return Object.fromEntries(
      results.map(([name, slot]) => {
        const shared = users[makers[slot]] > 1;
        users[makers[slot]] = OWNED;
        return [name, toTensor(graph.outputs[name], values[slot] as Value, shared)];
      }),
    );
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
    const shape = node.shape.every((d) => typeof d === "number")
      ? resolveShape(node.shape, {})
      : undefined;
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
  const shape = step.shape ?? resolveShape(step.node.shape, bindings);
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
  for (const name of Object.keys(tensors)) {
    if (!inputs.some((input) => input.name === name)) {
      const names = inputs.map(({ name }) => name);
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
