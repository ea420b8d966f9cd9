import type { NormalizeOp } from "../../expr/operations.ts";
import { sizeOf } from "../../expr/shape.ts";
import type { Kernel, Kernels } from "../kernel.ts";

const groupNormalization: Kernel<"GroupNormalization"> = (
  node,
  [x, scale, bias],
  shape,
  memory,
) => {
  const { epsilon, groups } = node.attributes;
  const out = memory.take(x.data.length);
  const pixels = sizeOf(shape.slice(2));
  const perGroup = shape[1] / groups;
  const size = perGroup * pixels;
  for (let group = 0; group < shape[0] * groups; group++) {
    const start = group * size;
    const end = start + size;
    let total = 0;
    for (let i = start; i < end; i++) total += x.data[i];
    const mean = total / size;
    let squares = 0;
    for (let i = start; i < end; i++) squares += (x.data[i] - mean) ** 2;
    const rate = 1 / Math.sqrt(squares / size + epsilon);
    let i = start;
    for (let c = (group % groups) * perGroup; i < end; c++) {
      const factor = scale.data[c] * rate;
      for (let k = 0; k < pixels; k++, i++) out[i] = (x.data[i] - mean) * factor + bias.data[c];
    }
  }
  return out;
};

export const normalizeKernels: Kernels<NormalizeOp> = { GroupNormalization: groupNormalization };
