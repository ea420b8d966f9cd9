import { constant, type Expr } from "../expr/expr.ts";
import { elementCount, type Shape } from "../expr/shape.ts";
import { tensor } from "../expr/tensor.ts";
import { expandTo } from "../ops/arrange/read-expand.ts";
import type { NodeReader, Readers } from "./node-reader.ts";
import { unsupported } from "./protobuf.ts";
import { isStatic, staticTensor, staticValue } from "./static-value.ts";

function constantNode(c: NodeReader) {
  const value =
    c.tensor("value") ??
    ((c.node.attributes.has("value_float") && tensor([c.float("value_float", 0)], [])) ||
      (c.node.attributes.has("value_int") && tensor([c.int("value_int", 0)], [], "int64")) ||
      (c.node.attributes.has("value_floats") && tensor(c.floats("value_floats") ?? [])) ||
      (c.node.attributes.has("value_ints") &&
        tensor(c.list("value_ints") ?? [], undefined, "int64")));
  if (!value) throw unsupported("only constants that are numeric tensors are supported");
  return staticTensor(value) ?? constant(value);
}

function constantOfShape(c: NodeReader): Expr {
  const value = c.tensor("value") ?? tensor([0]);
  return expandTo(c, constant(tensor(value.data, [], value.dtype)), c.dims(0));
}

function shapeNode(c: NodeReader) {
  const operand = c.value(0);
  const shape: Shape = isStatic(operand) ? operand.dims : c.x(0).shape;
  const part = shape.slice(
    c.int("start", 0),
    c.node.attributes.has("end") ? c.int("end", 0) : undefined,
  );
  return staticValue("int64", [part.length], part);
}

export const constantReaders: Readers = {
  Constant: constantNode,
  ConstantOfShape: constantOfShape,
  Shape: shapeNode,
  Size: (c) => staticValue("int64", [], [elementCount(c.x(0).shape)]),
  Range: () => {
    throw unsupported("its bounds must be constants");
  },
};
