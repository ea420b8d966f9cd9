// @ts-check
// What a step costs at least: the arithmetic of its products and the bytes they move. For Node and pages.
import { matmul, mul, trace } from "@gen/graph";
import { short } from "./statistics.mjs";

/** @typedef {{ flops: number, weightBytes: number, resultBytes: number }} Cost */
/** @typedef {{ flops: number, bytes: number }} Rates Both in a second. */

const size = (/** @type {readonly unknown[]} */ shape) =>
  shape.reduce((/** @type {number} */ a, b) => a * Number(b), 1);

/**
 * The operations of a graph's convolutions and matrix products, two for a multiply-add, and the bytes of the
 * weights and of the products' results; all else could be done on the way.
 *
 * @param {import("@gen/graph").Graph} graph With all sizes known.
 * @returns {Cost}
 */
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

/** A backward pass makes two products of each: the image's gradient and the weight's. @param {Cost} cost */
export const withBackward = ({ flops, weightBytes, resultBytes }) => ({
  flops: 3 * flops,
  // Adam reads and writes each weight and its two moments, and a gradient.
  weightBytes: 8 * weightBytes,
  resultBytes: 3 * resultBytes,
});

const side = 1024;
const length = 2 ** 22;
const passes = 8;

/**
 * What the runtime reaches in one large matrix product, and in passes over memory.
 * @param {import("@gen/runtime-gpu").Backend<any>} backend
 * @returns {Promise<Rates>}
 */
export async function ratesOn(backend) {
  const square = { shape: [side, side] };
  const product = trace(({ a, b }) => ({ y: matmul(a, b) }), { a: square, b: square });
  const sweep = trace(
    ({ x }) => {
      let y = x;
      for (let i = 0; i < passes; i++) y = mul(y, 1 + 1e-3 * i);
      return { y };
    },
    { x: { shape: [length] } },
  );
  const [one, many] = [new Float32Array(side * side).fill(0.5), new Float32Array(length).fill(0.5)];
  const productTime = await timeOf(backend, product, {
    a: backend.upload(one, [side, side]),
    b: backend.upload(one, [side, side]),
  });
  const sweepTime = await timeOf(backend, sweep, { x: backend.upload(many, [length]) });
  return {
    flops: (2 * side ** 3) / (productTime / 1000),
    bytes: (8 * length * passes) / (sweepTime / 1000),
  };
}

/**
 * @param {import("@gen/runtime-gpu").Backend<any>} backend
 * @param {import("@gen/graph").Graph} graph
 * @param {Record<string, any>} inputs Freed afterwards.
 */
async function timeOf(backend, graph, inputs) {
  const program = await backend.compile(graph);
  const times = [];
  for (let i = 0; i < 8; i++) {
    const start = performance.now();
    const { y } = await program.run(inputs);
    times.push(performance.now() - start);
    backend.dispose(y);
  }
  backend.dispose(...Object.values(inputs));
  await program.dispose();
  // What disturbs only adds.
  return Math.min(...times);
}

/**
 * In words: what a step costs at least, and how far ours is from it.
 * @param {Cost} cost @param {Rates} rates @param {number} ours Milliseconds.
 */
export function floorText({ flops, weightBytes, resultBytes }, rates, ours) {
  const compute = (1000 * flops) / rates.flops;
  // Results are written and read again.
  const move = (1000 * (weightBytes + 2 * resultBytes)) / rates.bytes;
  const megabytes = (/** @type {number} */ n) => `${short(n / 1e6)} MB`;
  return [
    `floor: ${short(flops / 1e9)} GFLOP of products as the network is written take ${short(compute)} ms at the ${short(rates.flops / 1e9)} GFLOP/s`,
    `of one ${side}^3 product on this runtime; ${megabytes(weightBytes)} of weights and ${megabytes(resultBytes)} of the`,
    `products' results, written and read, take ${short(move)} ms at ${short(rates.bytes / 1e9)} GB/s;`,
    `ours takes ${short(ours / (compute + move))} times the sum`,
  ].join(" ");
}
