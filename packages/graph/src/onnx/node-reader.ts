import type { Expr } from "../expr/expr.ts";
import type { Op } from "../expr/operations.ts";
import type { Dim } from "../expr/shape.ts";
import type { Tensor } from "../expr/tensor.ts";
import { invalidModel, label, unsupported } from "./protobuf.ts";
import type { OnnxGraph, OnnxNode } from "./read-graph.ts";
import { readTensor } from "./read-tensor.ts";
import { type StaticValue, staticOf, toExpr, type Value } from "./static-value.ts";

/** What a model's nodes share while the model is applied to inputs. */
export interface GraphContext {
  readonly graph: OnnxGraph;
  /** The sizes or names of the file's dynamic dimensions in this application. */
  readonly dims: ReadonlyMap<string, Dim>;
  /** A value of the model with this dynamic dimension among its dimensions. */
  readonly valueWithDim: (dim: string) => Expr | undefined;
}

/** A node of a file while it is rebuilt: its operands as values, its attributes with defaults. */
export class NodeReader {
  readonly source: OnnxNode;
  readonly operands: readonly (Value | undefined)[];
  readonly context: GraphContext;

  constructor(source: OnnxNode, operands: readonly (Value | undefined)[], context: GraphContext) {
    this.source = source;
    this.operands = operands;
    this.context = context;
  }

  get opset(): number {
    return this.context.graph.opset;
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

  /** All operands as expressions. */
  all(): Expr[] {
    return this.operands.map((_, i) => this.x(i));
  }

  optional(i: number): Expr | undefined {
    return this.has(i) ? this.x(i) : undefined;
  }

  has(i: number): boolean {
    return this.operands[i] !== undefined;
  }

  /** @throws GenError `unsupported-operation` when the elements of operand `i` are not static. */
  staticValue(i: number): StaticValue {
    const value = staticOf(this.value(i));
    if (value) return value;
    throw unsupported(`operand ${i} must be a constant; here it depends on the model's input`);
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
    return new NodeReader(this.source, operands, this.context);
  }

  /** The integers of attribute `name`, or of operand `i`, which holds them in newer versions. */
  list(name: string, i?: number): number[] | undefined {
    const ints = this.source.attributes.get(name)?.ints;
    if (ints) return ints.map(Number);
    return i !== undefined && this.has(i) ? this.numbers(i) : undefined;
  }

  int(name: string, fallback: number): number {
    return Number(this.source.attributes.get(name)?.i ?? fallback);
  }

  float(name: string, fallback: number): number {
    const attribute = this.source.attributes.get(name);
    return attribute ? shortest(attribute.f) : fallback;
  }

  floats(name: string): readonly number[] | undefined {
    return this.source.attributes.get(name)?.floats;
  }

  text(name: string, fallback: string): string {
    const attribute = this.source.attributes.get(name);
    return attribute ? String.fromCharCode(...attribute.s.subarray(0, 1000)) : fallback;
  }

  tensor(name: string): Tensor | undefined {
    const message = this.source.attributes.get(name)?.t;
    return message && readTensor(message);
  }

  /** The number that operand `i` or attribute `name` holds; undefined where both are absent. */
  scalar(i: number, name: string): number | undefined {
    if (this.has(i)) return this.numbers(i)[0];
    return this.source.attributes.has(name) ? this.float(name, 0) : undefined;
  }

  /** @throws GenError `unsupported-operation` unless the setting `name` has an `allowed` value. */
  require<T extends string | number>(name: string, value: T, ...allowed: T[]): void {
    if (allowed.includes(value)) return;
    const shown = typeof value === "string" ? label(value) : value;
    throw unsupported(`${name} ${shown} is not supported, only ${allowed.join(", ")}`);
  }
}

/** The shortest decimal number that rounds to this float32: 1e-5 for 9.99999974e-6. */
function shortest(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** Rebuilds one operation; an array where it has several results. */
export type Reader = (node: NodeReader) => Value | readonly Value[];

/** Readers by ONNX's name: all operations of graphs in `O`, and operations composed of others. */
export type Readers<O extends Op = never> = { readonly [P in O]: Reader } & {
  readonly [op: string]: Reader;
};
