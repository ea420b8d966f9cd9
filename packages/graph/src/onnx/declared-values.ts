/*
 * What a file declares of its values: the inputs' dtypes and shapes, and those of other values.
 *
 *   a dimension is a number, a name such as `batch`, or without both `NAME.AXIS`
 *   open channels of an input [batch, c, h, w] follow from the weight of its convolution
 */
import type { Signature } from "../expr/expr.ts";
import type { Dim } from "../expr/shape.ts";
import type { Tensor } from "../expr/tensor.ts";
import { MAX_RANK } from "./limits.ts";
import type { NodeProto, ValueInfoProto } from "./messages.ts";
import { domainOf } from "./operator-domains.ts";
import { dtypeOf, invalidModel, label, rankError } from "./protobuf.ts";

/** The element type and the dimensions that a file declares for a value. */
export interface Declared {
  readonly type: number;
  readonly shape?: readonly (Dim | undefined)[];
}

/** An input as the file has it. @throws GenError `invalid-model` when it is no tensor of a shape. */
export function signatureOf({ name, type }: ValueInfoProto): Required<Signature> {
  const what = `input ${label(name)}`;
  if (!type?.tensorType) throw invalidModel(`${what} is not a tensor`);
  const { elemType, shape } = type.tensorType;
  const dtype = dtypeOf(elemType);
  if (dtype === undefined)
    throw invalidModel(`${what} has element type ${elemType}, which is not supported`);
  if (!shape) throw invalidModel(`${what} has no shape`);
  if (shape.dim.length > MAX_RANK) throw rankError(what, shape.dim.length);
  const dims = shape.dim.map((dim, i): Dim => {
    const size = dimensionOf(dim) ?? `${name}.${i}`;
    if (isValid(size)) return size;
    throw invalidModel(`${what} has dimension ${size}; dimensions must not be negative`);
  });
  return { shape: dims, dtype };
}

/** An input whose open channels the weight of its convolution tells. */
export function withChannels(
  name: string,
  signature: Required<Signature>,
  nodes: readonly NodeProto[],
  initializers: ReadonlyMap<string, { readonly tensor: Tensor }>,
  known: Map<string, number>,
): Required<Signature> {
  const { shape, dtype } = signature;
  if (shape.length !== 4 || typeof shape[1] === "number") return signature;
  const conv = nodes.find(
    (n) => n.opType === "Conv" && domainOf(n.domain) === "" && n.input[0] === name,
  );
  const perGroup = conv && initializers.get(conv.input[1])?.tensor.shape[1];
  if (perGroup === undefined) return signature;
  const group = Number(conv?.attribute.find((a) => a.name === "group")?.i ?? 1);
  known.set(shape[1], group * perGroup);
  return { dtype, shape: shape.map((d, i) => (i === 1 ? group * perGroup : d)) };
}

/** What a file declares of a value, by its name. */
export function declaredOf({ name, type }: ValueInfoProto): [string, Declared][] {
  if (!type?.tensorType) return [];
  const { elemType, shape } = type.tensorType;
  const rank = shape?.dim.length ?? 0;
  if (rank > MAX_RANK) throw rankError(`value ${label(name)}`, rank);
  const dims = shape?.dim.map((dim) => {
    const size = dimensionOf(dim);
    return isValid(size) ? size : undefined;
  });
  return [[name, { type: elemType, ...(dims && { shape: dims }) }]];
}

/** A dimension of the file; undefined where it has no number and no name. */
function dimensionOf({ dimParam, dimValue }: { dimParam?: string; dimValue?: bigint }) {
  if (dimParam !== undefined) return dimensionName(dimParam);
  return dimValue === undefined ? undefined : Number(dimValue);
}

const isValid = (size: Dim | undefined) =>
  typeof size !== "number" || (size >= 0 && Number.isSafeInteger(size));

/** A dynamic dimension's name in the form that `shape.ts` reads; undefined for an empty one. */
function dimensionName(name: string): string | undefined {
  if (name.trim() === "") return undefined;
  if (/^(\d+\*)?[A-Za-z_][\w.]*$/.test(name)) return Number.isNaN(Number(name)) ? name : `_${name}`;
  return `(${name.replaceAll("*", " x ")})`;
}
