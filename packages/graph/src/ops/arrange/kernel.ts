import { GraphError } from "../../expr/graph-error.ts";
import type { ArrangeOp } from "../../expr/operations.ts";
import { shapeText, sizeOf } from "../../expr/shape.ts";
import { broadcastStrides, copyBlock, type Kernels, rowMajor } from "../kernel.ts";

export const arrangeKernels: Kernels<ArrangeOp> = {
  Reshape: (_, [x]) => x.data,

  Transpose: ({ attributes }, [x], shape, memory) => {
    const out = memory.take(x.data.length);
    const strides = rowMajor(x.shape);
    const from = attributes.perm.map((p) => strides[p]);
    copyBlock(shape, x.data, from, 0, out, rowMajor(shape), 0);
    return out;
  },

  Concat: ({ attributes: { axis } }, parts, shape, memory) => {
    const out = memory.take(sizeOf(shape));
    const strides = rowMajor(shape);
    let start = 0;
    for (const part of parts) {
      const from = rowMajor(part.shape);
      copyBlock(part.shape, part.data, from, 0, out, strides, start * strides[axis]);
      start += part.shape[axis];
    }
    return out;
  },

  Slice: ({ attributes: { axis, start, step } }, [x], shape, memory) => {
    const out = memory.take(sizeOf(shape));
    const strides = rowMajor(x.shape);
    if (out.length === 1) {
      // The other axes have one element each.
      out[0] = x.data[start * strides[axis]];
      return out;
    }
    const from = strides.map((s, d) => (d === axis ? s * step : s));
    copyBlock(shape, x.data, from, start * strides[axis], out, rowMajor(shape), 0);
    return out;
  },

  Pad: ({ attributes: { pads, value } }, [x], shape, memory) => {
    const out = memory.take(sizeOf(shape)).fill(value);
    const strides = rowMajor(shape);
    const start = strides.reduce((sum, s, d) => sum + s * pads[d], 0);
    copyBlock(x.shape, x.data, rowMajor(x.shape), 0, out, strides, start);
    return out;
  },

  Expand: (_, [x], shape, memory) => {
    const out = memory.take(sizeOf(shape));
    copyBlock(shape, x.data, broadcastStrides(x.shape, shape), 0, out, rowMajor(shape), 0);
    return out;
  },

  Gather: ({ attributes: { axis } }, [x, indices], shape, memory) => {
    const out = memory.take(sizeOf(shape));
    const length = x.shape[axis];
    const outer = sizeOf(x.shape.slice(0, axis));
    const inner = sizeOf(x.shape.slice(axis + 1));
    let to = 0;
    for (let o = 0; o < outer; o++) {
      for (const index of indices.data) {
        const at = index < 0 ? index + length : index;
        if (!(at >= 0 && at < length)) {
          throw new GraphError(
            `Gather: index ${index} is outside axis ${axis} of ${shapeText(x.shape)}`,
          );
        }
        const from = (o * length + at) * inner;
        for (let k = 0; k < inner; k++) out[to + k] = x.data[from + k];
        to += inner;
      }
    }
    return out;
  },
};
