import { type Expr, expr, operands, requireFloat } from "../../expr/expr.ts";
import { GraphError } from "../../expr/graph-error.ts";
import {
  broadcastShapes,
  type Dim,
  divideDims,
  elementCount,
  type Shape,
  shapeText,
} from "../../expr/shape.ts";

/**
 * Matrix product of `[..., m, k]` and `[..., k, n]` with broadcast leading dimensions;
 * `transposeA` and `transposeB` swap the last two dimensions first.
 *
 * @param a The first matrix, `[..., m, k]`.
 * @param b The second matrix, `[..., k, n]`.
 * @param options Which matrices are transposed first. Default: none.
 * @throws RangeError when the shapes do not multiply, or an operand is no float.
 */
export function matmul(
  a: Expr,
  b: Expr,
  {
    transposeA = false,
    transposeB = false,
  }: {
    /** Swaps the last two dimensions of `a` first. @defaultValue false */
    transposeA?: boolean;
    /** Swaps the last two dimensions of `b` first. @defaultValue false */
    transposeB?: boolean;
  } = {},
): Expr {
  const inputs = operands("MatMul", a, b);
  requireFloat("MatMul", a);
  const [m, k] = lastTwo(a, transposeA);
  const [l, n] = lastTwo(b, transposeB);
  const leading = leadingShape(a, b);
  if (a.shape.length < 2 || b.shape.length < 2 || k !== l || !leading) {
    const mark = (e: Expr, t: boolean) => shapeText(e.shape) + (t ? " transposed" : "");
    throw new GraphError(
      `MatMul: shapes ${mark(a, transposeA)} and ${mark(b, transposeB)} do not multiply`,
    );
  }
  const attributes = { transA: Number(transposeA), transB: Number(transposeB) };
  return expr("MatMul", inputs, [...leading, m, n], attributes);
}

function leadingShape(a: Expr, b: Expr): Shape | undefined {
  try {
    return broadcastShapes("MatMul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  } catch {
    return undefined;
  }
}

function lastTwo({ shape }: Expr, swap: boolean): [Dim, Dim] {
  const [x, y] = shape.slice(-2);
  return swap ? [y, x] : [x, y];
}

/** How a convolution moves over its input; pads are `[top, left, bottom, right]`. */
export interface ConvOptions {
  /** Pixels between two positions of the kernel. @defaultValue 1 */
  stride?: number;
  /** Pixels between two taps of the kernel. @defaultValue 1 */
  dilation?: number;
  /** Zeros around each side, `[top, left, bottom, right]`. @defaultValue none */
  pads?: readonly [number, number, number, number];
  /** Groups of channels. @defaultValue 1 */
  groups?: number;
}

/**
 * 2-D cross-correlation of `x` `[batch, in, height, width]` with `weight`
 * `[out, in / groups, kh, kw]`, as deep-learning libraries define convolution.
 *
 * @param x The images, `[batch, in, height, width]`.
 * @param weight The kernels, `[out, in / groups, kh, kw]`.
 * @param options Stride, dilation, pads and groups. Default: stride 1, no pads.
 * @throws RangeError when the channels do not fit, or an operand is no float.
 */
export function conv2d(
  x: Expr,
  weight: Expr,
  { stride = 1, dilation = 1, pads = [0, 0, 0, 0], groups = 1 }: ConvOptions = {},
): Expr {
  const inputs = operands("Conv", x, weight);
  requireFloat("Conv", x);
  const [batch, channels, height, width] = x.shape;
  const [out, perGroup, kh, kw] = weight.shape;
  const fits =
    x.shape.length === 4 &&
    weight.shape.length === 4 &&
    channels === elementCount([perGroup, groups]) &&
    divideDims([out], [groups]) !== undefined;
  const positions = (size: number, taps: number) =>
    Math.floor((size - (taps - 1) * dilation - 1) / stride) + 1;
  const rows = positions(Number(height) + pads[0] + pads[2], Number(kh));
  const columns = positions(Number(width) + pads[1] + pads[3], Number(kw));
  if (!fits || !(rows >= 1) || !(columns >= 1)) {
    const apart = dilation === 1 ? "" : `dilation ${dilation}, `;
    throw new GraphError(
      `Conv: input ${shapeText(x.shape)} and weight ${shapeText(weight.shape)} do not fit (stride ${stride}, ${apart}pads [${pads.join(", ")}], groups ${groups})`,
    );
  }
  const attributes = { stride, dilation, pads: [...pads] as const, group: groups };
  return expr("Conv", inputs, [batch, out, rows, columns], attributes);
}

/**
 * Mean over `size` x `size` blocks of `[batch, channels, height, width]`; blocks fit exactly.
 *
 * @param x The images, `[batch, channels, height, width]`.
 * @param size The side of a block, in pixels. Default: 2.
 * @throws RangeError when blocks do not fit exactly, or x is no float.
 */
export function averagePool(x: Expr, size = 2): Expr {
  const [batch, channels, height, width] = x.shape;
  if (x.shape.length !== 4 || (height as number) % size !== 0 || (width as number) % size !== 0) {
    throw new GraphError(
      `AveragePool: ${shapeText(x.shape)} is not [batch, channels, height, width] in blocks of ${size}`,
    );
  }
  requireFloat("AveragePool", x);
  const [rows, columns] = [(height as number) / size, (width as number) / size];
  return expr("AveragePool", [x], [batch, channels, rows, columns], { size });
}

/**
 * Repeats each pixel of `[batch, channels, height, width]` `scale` x `scale` times.
 *
 * @param x The images, `[batch, channels, height, width]`.
 * @param scale How often each pixel is repeated along a side. Default: 2.
 * @throws RangeError when x is no image, or no float.
 */
export function upsampleNearest(x: Expr, scale = 2): Expr {
  const [batch, channels, height, width] = x.shape;
  const isStatic = typeof height === "number" && typeof width === "number";
  if (x.shape.length !== 4 || !isStatic || !Number.isInteger(scale) || scale < 1) {
    throw new GraphError(
      `Resize: ${shapeText(x.shape)} is not a static [batch, channels, height, width], or scale ${scale} is not a positive integer`,
    );
  }
  requireFloat("Resize", x);
  return expr("Resize", [x], [batch, channels, height * scale, width * scale], { scale });
}
