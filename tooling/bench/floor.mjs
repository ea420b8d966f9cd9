// What a step costs at least: the arithmetic of its products and the bytes they move. For Node and pages.
import { matmul, mul, trace } from "@gen/graph";
import { short } from "./measure.mjs";

const size = (shape) => shape.reduce((a, b) => a * Number(b), 1);

// The operations of a graph's convolutions and matrix products, two for a multiply-add, and the
// bytes of the weights and of the products' results; all else could be done on the way.
export function costOf(graph) {
  let [flops, resultBytes] = [0, 0];
  for (const { op, inputs, attributes, shape } of graph.nodes) {
    if (op !== "Conv" && op !== "MatMul") continue;
    const [a, b] = inputs;
    // Of a convolution, what one output sums over is one output channel's kernel.
    const depth =
      op === "Conv" ? size(b.shape.slice(1)) : Number(a.shape.at(attributes.transposeA ? -2 : -1));
    flops += 2 * size(shape) * depth;
    resultBytes += 4 * size(shape);
  }
  const weightBytes = graph.parameters.reduce((sum, { shape }) => sum + 4 * size(shape), 0);
  return { flops, weightBytes, resultBytes };
}

// A backward pass makes two products of each: the image's gradient and the weight's.
export const withBackward = ({ flops, weightBytes, resultBytes }) => ({
  flops: 3 * flops,
  // Adam reads and writes each weight and its two moments, and a gradient.
  weightBytes: 8 * weightBytes,
  resultBytes: 3 * resultBytes,
});

const side = 1024;
const length = 2 ** 22;
const passes = 8;

/** What the runtime reaches in one large matrix product (operations a second) and in passes over memory (bytes). */
export async function ratesOn(backend) {
  const square = { shape: [side, side] };
  const product = trace(({ a, b }) => ({ y: matmul(a, b) }), { a: square, b: square });
  const scaled = (x) => Array.from({ length: passes }).reduce((y, _, i) => mul(y, 1 + 1e-3 * i), x);
  const sweep = trace(({ x }) => ({ y: scaled(x) }), { x: { shape: [length] } });
  const upload = (shape) =>
    backend.upload(new Float32Array(shape.reduce((a, b) => a * b)).fill(0.5), shape);
  const matrices = { a: upload(square.shape), b: upload(square.shape) };
  const productTime = await fastest(backend, product, matrices);
  const sweepTime = await fastest(backend, sweep, { x: upload([length]) });
  return {
    flops: (2 * side ** 3) / (productTime / 1000),
    bytes: (8 * length * passes) / (sweepTime / 1000),
  };
}

/** Milliseconds of the fastest of 8 runs: disturbance only adds. Disposes of the inputs. */
async function fastest(backend, graph, inputs) {
  const program = await backend.compile(graph);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    const start = performance.now();
    const { y } = await program.run(inputs);
    best = Math.min(best, performance.now() - start);
    backend.dispose(y);
  }
  backend.dispose(...Object.values(inputs));
  await program.dispose();
  return best;
}

/** In words: what a step costs at least, and how far `ours` milliseconds are from it. */
export function floorText({ flops, weightBytes, resultBytes }, rates, ours) {
  const compute = (1000 * flops) / rates.flops;
  // Results are written and read again.
  const move = (1000 * (weightBytes + 2 * resultBytes)) / rates.bytes;
  const megabytes = (n) => `${short(n / 1e6)} MB`;
  return [
    `floor: ${short(flops / 1e9)} GFLOP of products as the network is written take ${short(compute)} ms at the ${short(rates.flops / 1e9)} GFLOP/s`,
    `of one ${side}^3 product on this runtime; ${megabytes(weightBytes)} of weights and ${megabytes(resultBytes)} of the`,
    `products' results, written and read, take ${short(move)} ms at ${short(rates.bytes / 1e9)} GB/s;`,
    `ours takes ${short(ours / (compute + move))} times the sum`,
  ].join(" ");
}
