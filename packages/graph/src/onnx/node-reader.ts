import type { Expr } from "../expr/expr.ts";
import type { Op } from "../expr/operations.ts";
import type { Dim } from "../expr/shape.ts";
import type { Tensor } from "../expr/tensor.ts";
import { invalidModel, label, unsupported } from "./protobuf.ts";
import type { OnnxNode } from "./read-graph.ts";
import { readTensor } from "./read-tensor.ts";
import { type StaticValue, staticOf, toExpr, type Value } from "./static-value.ts";

/** One node being rebuilt: its operands as values, its attributes with their defaults. */
export class NodeReader {
  readonly node: OnnxNode;
  readonly opset: number;
  readonly operands: readonly (Value | undefined)[];
  /** A value of the model with this dynamic dimension among its dimensions. */
  readonly valueWithDim: (dim: string) => Expr | undefined;

  constructor(
    node: OnnxNode,
    opset: number,
    operands: readonly (Value | undefined)[],
    valueWithDim: (dim: string) => Expr | undefined,
  ) {
    this.node = node;
    this.opset = opset;
    this.operands = operands;
    this.valueWithDim = valueWithDim;
  }

  /** Operand `i` as an expression. @throws GenError `invalid-model` when it is absent. */
  x(i: number): Expr {
    return toExpr(this.value(i));
  }

  value(i: number): Value {
    const operand = this.operands[i];
    if (operand === undefined) throw invalidModel(`operand ${i} is missing`);
    return operand;
  }

  optional(i: number): Expr | undefined {
    const operand = this.operands[i];
    return operand && toExpr(operand);
  }

  has(i: number): boolean {
    return this.operands[i] !== undefined;
  }

  /** Operand `i`, whose elements must be known before the model runs. @throws GenError `unsupported-operation` otherwise. */
  staticValue(i: number): StaticValue {
    const found = staticOf(this.value(i));
    if (!found)
      throw unsupported(`operand ${i} must be a constant; here it depends on the model's input`);
    return found;
  }

  dims(i: number): readonly Dim[] {
    return this.staticValue(i).values;
  }

  numbers(i: number): number[] {
    return this.dims(i).map((d) => {
      if (typeof d === "number") return d;
      throw unsupported(`operand ${i} depends on the dynamic dimension ${d}; give it a fixed size`);
    });
  }

  /** The same node on other operands. */
  on(operands: readonly (Value | undefined)[]): NodeReader {
    return new NodeReader(this.node, this.opset, operands, this.valueWithDim);
  }

  /** The integers of attribute `name`, or of operand `i` where the model's version has them there. */
  list(name: string, i?: number): number[] | undefined {
    const attribute = this.node.attributes.get(name);
    if (attribute) return attribute.ints.map(Number);
    return i !== undefined && this.has(i) ? this.numbers(i) : undefined;
  }

  int(name: string, fallback: number): number {
    const attribute = this.node.attributes.get(name);
    return attribute ? Number(attribute.i) : fallback;
  }

  float(name: string, fallback: number): number {
    const attribute = this.node.attributes.get(name);
    return attribute ? shortest(attribute.f) : fallback;
  }

  floats(name: string): readonly number[] | undefined {
    return this.node.attributes.get(name)?.floats;
  }

  text(name: string, fallback: string): string {
    const attribute = this.node.attributes.get(name);
    return attribute ? String.fromCharCode(...attribute.s.subarray(0, 1000)) : fallback;
  }

  tensor(name: string): Tensor | undefined {
    const message = this.node.attributes.get(name)?.t;
    return message && readTensor(message);
  }

  /** The one number of operand `i` or attribute `name`; undefined where neither is there. */
  scalar(i: number, name: string): number | undefined {
    if (this.has(i)) return this.numbers(i)[0];
    const attribute = this.node.attributes.get(name);
    return attribute && shortest(attribute.f);
  }

  /** @throws GenError `unsupported-operation` unless `value`, the setting `name`, is among those that are `allowed`. */
  require<T extends string | number>(name: string, value: T, ...allowed: T[]): void {
    if (allowed.includes(value)) return;
    const shown = typeof value === "string" ? label(value) : value;
    throw unsupported(`${name} ${shown} is not supported, only ${allowed.join(", ")}`);
  }
}

/** The decimal number that was meant: float32 has 1e-5 as 9.99999974e-6. */
function shortest(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** Rebuilds one operation; several results where it has several outputs. */
export type Reader = (call: NodeReader) => Value | readonly Value[];

/** Readers by ONNX's name: one for each operation of graphs in `O`, beside those of operations that are made of others. */
export type Readers<O extends Op = never> = { readonly [P in O]: Reader } & {
  readonly [op: string]: Reader;
};
