import type { Expr, Foreign, Input } from "../expr/expr.ts";
import { GraphError } from "../expr/graph-error.ts";
import { type Dim, dimParts, type Shape } from "../expr/shape.ts";
import { type Tensor, tensor, tensorNumbers } from "../expr/tensor.ts";
import type { AttributeInit, NodeInit, TensorInit } from "./messages.ts";
import { int, tensorMessage } from "./protobuf.ts";

/** An operation's domain: `com.microsoft` for `com.microsoft.Gelu`, "" for ONNX's own. */
export const domainOf = (op: string): string => op.slice(0, Math.max(0, op.lastIndexOf(".")));

/** Collects the nodes and initializers of one ONNX graph, with a name for every value. */
export class OnnxWriter {
  readonly nodes: NodeInit[] = [];
  readonly initializers: TensorInit[] = [];
  readonly #names = new Map<Expr, string>();
  readonly #taken: Set<string>;
  readonly #constants = new Map<string | Tensor, string>();
  readonly #dimensions = new Map<string, string>();
  readonly opset: number;
  readonly #inputs: readonly Input[];

  constructor(opset: number, inputs: readonly Input[], reserved: Iterable<string>) {
    this.opset = opset;
    this.#inputs = inputs;
    this.#taken = new Set(reserved);
  }

  /** The name of the value of `e`, whose node is already written. */
  nameOf(e: Expr): string {
    return this.#names.get(e) as string;
  }

  define(e: Expr, name: string): void {
    this.#names.set(e, name);
  }

  /** `hint`, with a number behind it when the name is taken. */
  unique(hint: string): string {
    let name = hint;
    for (let i = 1; this.#taken.has(name); i++) name = `${hint}_${i}`;
    this.#taken.add(name);
    return name;
  }

  /** Writes a node and returns the name of its value. */
  node(
    op: string,
    input: string[],
    attribute: AttributeInit[] = [],
    output = this.unique(`${op}_${this.nodes.length}`),
  ): string {
    const domain = domainOf(op);
    const opType = domain === "" ? op : op.slice(domain.length + 1);
    this.nodes.push({ opType, domain, name: output, input, output: [output], attribute });
    return output;
  }

  /** Writes a node of a file unchanged and returns the names of its results. */
  foreign({ node, inputs }: Foreign): string[] {
    const { opType, domain, tensor: message } = node;
    if (message) {
      const name = this.unique(message.name || `constant/${message.dims.join("x")}`);
      this.initializers.push({ ...message, name });
      return [name];
    }
    let next = 0;
    const hint = `${opType.replaceAll(/\W/g, "_").slice(0, 80)}_${this.nodes.length}`;
    const output = node.results.map((present, i) => (present ? this.unique(`${hint}_${i}`) : ""));
    const input = node.operands.map((present) => (present ? this.nameOf(inputs[next++]) : ""));
    const name = output.find((each) => each !== "");
    this.nodes.push({ opType, domain, name, input, output, attribute: node.attributes });
    return output;
  }

  /** The name of a constant; equal small ones are written once. */
  constant(value: Tensor): string {
    const { dtype, shape } = value;
    const small = value.data.length <= 64;
    const elements = small ? tensorNumbers(value) : [];
    const numbers = Array.from(elements, (v) => (Object.is(v, -0) ? "-0" : v));
    const key = small ? `${dtype} ${shape.join()}:${numbers.join()}` : value;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const label = numbers.length === 1 ? `${numbers[0]}` : `${dtype}_${shape.join("x")}`;
    const name = this.unique(`constant/${label}`);
    this.#constants.set(key, name);
    this.initializers.push({ ...tensorMessage(name, value), docString: "constant" });
    return name;
  }

  /** The name of a constant vector of int64. */
  ints(values: readonly number[]): string {
    return this.constant(tensor(values, [values.length], "int64"));
  }

  /** The name of the int64 vector `shape`; symbolic dimensions are computed from the inputs. */
  shape(shape: Shape): string {
    if (shape.every((d) => typeof d === "number")) return this.ints(shape as number[]);
    const same = this.#inputs.find((i) => String(i.shape) === String(shape));
    return this.#once(`shape ${shape}`, () => {
      if (same) return this.node("Shape", [same.name]);
      const parts = shape.map((d) => this.#dimension(d));
      return parts.length === 1 ? parts[0] : this.node("Concat", parts, [int("axis", 0)]);
    });
  }

  #dimension(dim: Dim): string {
    if (typeof dim === "number") return this.ints([dim]);
    if (isDimension(this.#inputs, dim)) return this.#named(dim);
    return this.#once(dim, () =>
      dimParts(dim)
        .map((part) => (typeof part === "string" ? this.#named(part) : this.ints([part])))
        .reduce((a, b) => this.node("Mul", [a, b])),
    );
  }

  #named(dim: string): string {
    const source = this.#inputs.find((i) => i.shape.includes(dim));
    if (!source) throw new GraphError(`toOnnx: dimension ${dim} is not a dimension of any input`);
    const axis = source.shape.indexOf(dim);
    const shape = this.#once(`shape ${source.shape}`, () => this.node("Shape", [source.name]));
    return this.#once(dim, () => this.node("Gather", [shape, this.ints([axis])], [int("axis", 0)]));
  }

  #once(key: string, make: () => string): string {
    const name = this.#dimensions.get(key) ?? make();
    this.#dimensions.set(key, name);
    return name;
  }
}

const isDimension = (inputs: readonly Input[], dim: Dim) =>
  inputs.some((i) => i.shape.includes(dim));

/** Whether `shape` follows from the dimensions of the inputs. */
export const isKnownFrom = (inputs: readonly Input[], shape: Shape): boolean =>
  shape.every((d) => {
    const isKnown = (part: Dim) => typeof part === "number" || isDimension(inputs, part);
    return isDimension(inputs, d) || dimParts(d).every(isKnown);
  });
