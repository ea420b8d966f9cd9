import * as g from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { check } from "../../conformance/case.ts";
import { openHere } from "./subjects.ts";

const LENGTHS = [1000, 70_001];

/** A step of gradient descent with momentum on several vectors. */
function descent() {
  const outputs: Record<string, g.Expr> = {};
  const inPlace: Record<string, string> = {};
  const rates = g.input("rates", { shape: [2] });
  const [rate, decay] = [g.slice(rates, 0, 0, 1), g.slice(rates, 0, 1, 2)];
  for (const [i, n] of LENGTHS.entries()) {
    const [w, v, slope] = ["w", "v", "slope"].map((name) => g.input(name + i, { shape: [n] }));
    const velocity = g.add(g.mul(v, decay), g.where(g.greater(slope, 1), 1, slope));
    outputs[`next.v${i}`] = velocity;
    outputs[`next.w${i}`] = g.sub(w, g.mul(velocity, rate));
    inPlace[`next.v${i}`] = `v${i}`;
    inPlace[`next.w${i}`] = `w${i}`;
  }
  return { graph: g.graphOf(outputs), inPlace };
}

const IMAGE = [3, 4, 9, 11];
const images = (...names: string[]) => names.map((name) => g.input(name, { shape: IMAGE }));

/** Halves an interval for each sample and counts, as dynamic thresholding does. */
function halvings() {
  const [x, v] = images("x", "v");
  const sizes = g.reshape(g.abs(v), [3, -1]);
  let high = g.max(sizes, [1], true);
  let low = g.mul(high, 0);
  for (let i = 0; i < 30; i++) {
    const middle = g.mul(g.add(low, high), 0.5);
    const count = g.sum(g.cast(g.greater(sizes, middle), "float32"), [1], true);
    const many = g.greater(count, 40.5);
    [low, high] = [g.where(many, middle, low), g.where(many, high, middle)];
  }
  const bound = g.reshape(high, [3, 1, 1, 1]);
  const clipped = g.div(g.minimum(g.maximum(v, g.neg(bound)), bound), bound);
  const graph = g.graphOf({ next: g.sub(clipped, x), clipped, bound: g.reshape(bound, [3]) });
  return { graph, inPlace: { next: "x" } };
}

/** Divides totals over all samples, as a step of Langevin dynamics does. */
function lengths() {
  const [x, v] = images("x", "v");
  const total = (e: g.Expr) => g.sum(g.sqrt(g.sum(g.square(e), [1, 2, 3])));
  const ratio = g.div(total(x), total(v));
  const top = g.mean(g.max(v, [1, 2, 3]));
  const next = g.add(x, g.mul(g.mul(ratio, g.exp(top)), v));
  return { graph: g.graphOf({ next }), inPlace: { next: "x" } };
}

/** Combines the halves of a joined batch, with a number for each channel. */
function parts() {
  const [x] = images("x");
  const both = g.input("both", { shape: [6, ...IMAGE.slice(1)] });
  const scale = g.input("scale", { shape: [1, 4, 1, 1] });
  const [u, c] = [g.slice(both, 0, 0, 3), g.slice(both, 0, 3, 6)];
  const next = g.add(x, g.mul(g.add(u, g.mul(g.sub(c, u), 7.5)), scale));
  return { graph: g.graphOf({ next }), inPlace: { next: "x" } };
}

const programs = { descent, halvings, lengths, parts };

/** From now on the GPU refuses the pipelines of loops. Returns a function that ends this. */
function refuseLoops(): () => void {
  const { prototype } = GPUDevice;
  const { createShaderModule, createComputePipelineAsync } = prototype;
  const loops = new WeakSet<GPUShaderModule>();
  prototype.createShaderModule = function (descriptor) {
    const module = createShaderModule.call(this, descriptor);
    if (/var<storage, \w+> b0:/.test(descriptor.code)) loops.add(module);
    return module;
  };
  prototype.createComputePipelineAsync = function (descriptor) {
    if (!loops.has(descriptor.compute.module)) {
      return createComputePipelineAsync.call(this, descriptor);
    }
    return Promise.reject(new Error("this GPU has no workgroup of 256"));
  };
  return () => Object.assign(prototype, { createShaderModule, createComputePipelineAsync });
}

/**
 * The dispatches of a run whose outputs are loops, each of which is checked. With `refused` the GPU
 * refuses the loops.
 */
export async function dispatchesInPlace(
  name: keyof typeof programs,
  { refused = false } = {},
): Promise<number> {
  const { graph, inPlace } = programs[name]();
  const places: Readonly<Record<string, string>> = inPlace;
  const backend = await openHere("onnx/webgpu");
  const allow = refused ? refuseLoops() : undefined;
  const program = await backend.compile(graph, { inPlace: places });
  allow?.();
  const given = Object.fromEntries(
    graph.inputs.map(({ name, shape }, k) => {
      const size = (shape as number[]).reduce((a, b) => a * b, 1);
      const data = Float32Array.from({ length: size }, (_, i) => Math.sin(i + k) * 2);
      return [name, g.tensor(data, shape as number[])];
    }),
  );
  const inputs = Object.fromEntries(
    Object.entries(given).map(([name, { data, shape }]) => [name, backend.upload(data, shape)]),
  );
  const pass = (globalThis as unknown as { GPUComputePassEncoder: { prototype: Pass } })
    .GPUComputePassEncoder.prototype;
  const dispatch = pass.dispatchWorkgroups;
  let dispatches = 0;
  pass.dispatchWorkgroups = function (...counts) {
    dispatches++;
    return dispatch.apply(this, counts);
  };
  // The second run takes the buffers of outputs that were freed.
  for (const run of [0, 1]) {
    const results = await program.run(inputs);
    const wanted = evaluate(graph, given);
    for (const [name, tensor] of Object.entries(results)) {
      const got = await backend.download(tensor);
      const numbers = g.tensorNumbers(wanted[name]);
      let [error, largest] = [0, 0];
      for (const [i, v] of got.entries()) {
        error = Math.max(error, Math.abs(v - numbers[i]));
        largest = Math.max(largest, Math.abs(numbers[i]));
      }
      const text = `${name} of run ${run} is ${error} off, its largest number is ${largest}`;
      check(error < 2e-6 * largest, text);
      if (name in places) {
        inputs[places[name]] = tensor;
        given[places[name]] = g.tensor(got, graph.outputs[name].shape as number[]);
      } else backend.dispose(tensor);
    }
  }
  pass.dispatchWorkgroups = dispatch;
  backend.dispose(...Object.values(inputs));
  check(backend.memory().live === 0, `${backend.memory().live} tensors are alive`);
  await backend.close();
  return dispatches / 2;
}

interface Pass {
  dispatchWorkgroups(...counts: number[]): void;
}
