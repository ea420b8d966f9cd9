// A denoiser whose file goes to ONNX Runtime as it is, with the sampler's step beside it.
import {
  add,
  cast,
  concat,
  constant,
  conv2d,
  type Expr,
  type Graph,
  mul,
  reshape,
  tensor,
  trace,
} from "@gen/graph";
import { splitCalls } from "@gen/graph/compiler";
import { wasmLoops, wgslLoops } from "@gen/graph/loops";
import { fileOf, fromOnnx, toOnnx, wholeModel } from "@gen/graph/onnx";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { linearSchedule } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { conditionInputs } from "../src/denoiser/conditions.ts";
import {
  type Clip,
  classifierFree,
  type Denoiser,
  ddimSteps,
  ddpmSteps,
  denoiser,
  dpmSolverSteps,
  sample,
} from "../src/index.ts";
import { stepForm, stepGraph } from "../src/run/step-graph.ts";

const shape = [3, 2, 6, 6];
const weights = (n: number, size: number) =>
  Float32Array.from({ length: n }, (_, i) => size * Math.sin(1.3 * i + 0.2));

/** A small network of x, t and a condition, as a file. */
const file = toOnnx(
  trace(
    ({ x, t, c }) => {
      const kernel = constant(tensor(weights(36, 0.3), [2, 2, 3, 3]));
      const time = mul(reshape(cast(t, "float32"), [-1, 1, 1, 1]), 1e-3);
      return {
        y: add(
          conv2d(x, kernel, { pads: [1, 1, 1, 1] }),
          mul(add(time, reshape(c, [-1, 1, 1, 1])), x),
        ),
      };
    },
    {
      x: { shape: ["batch", 2, 6, 6] },
      t: { shape: ["batch"], dtype: "int64" },
      c: { shape: ["batch"] },
    },
  ),
);

const wholeFile = await wholeModel(fileOf(file));
const network = (whole: boolean) => {
  const model = whole ? wholeFile : fromOnnx(file);
  const apply = (x: Expr, t: Expr, c: Expr) => model.apply({ x, t, c }).y;
  return denoiser({ apply, parameters: model.parameters, signature: model.signature });
};

const steps = ddimSteps(linearSchedule(), { steps: 6, eta: 0.5 });
const options = { steps, shape, seed: 4, condition: { c: [0.1, 0.2, 0.3] } };

describe("a denoiser that is a whole model", () => {
  it.each(["cpu", "wasm"] as const)("samples as its operations do, on %s", async (provider) => {
    const backend = await onnxBackend({ provider, threads: 1 });
    const guided = (whole: boolean) =>
      classifierFree(network(whole), { scale: 3, unconditional: { c: [0, 0, 0] } });
    for (const [whole, parts] of [
      [network(true), network(false)],
      [guided(true), guided(false)],
    ]) {
      for (const clip of [false, 1, { ratio: 0.9, max: 2 }] as const) {
        const a = await sample({ ...options, clip, backend, denoiser: whole });
        const b = await sample({ ...options, clip, backend, denoiser: parts });
        const largest = Math.max(...b.x.map(Math.abs));
        const error = Math.max(...a.x.map((v, i) => Math.abs(v - b.x[i])));
        expect(error).toBeLessThan(2e-6 * largest);
      }
    }
    expect(backend.memory().live).toBe(0);
    await backend.close();
  });

  it("of one sample a run is guided in two runs", async () => {
    const fixed = toOnnx(
      trace(({ x, t, c }) => fromOnnx(file).apply({ x, t, c }), {
        x: { shape: [1, 2, 6, 6] },
        t: { shape: [1], dtype: "int64" },
        c: { shape: [1] },
      }),
    );
    const model = await wholeModel(fileOf(fixed));
    const alone = denoiser({
      apply: (x, t, c) => Object.values(model.apply({ x, t, c }))[0],
      parameters: [],
      signature: model.signature,
    });
    expect(alone.batch).toBe(1);
    const backend = await onnxBackend({ provider: "cpu", threads: 1 });
    const guidance = { scale: 3, unconditional: { c: [0] } };
    const one = { steps, shape: [1, 2, 6, 6], seed: 4, condition: { c: [0.1] } };
    const found = await sample({ ...one, backend, denoiser: classifierFree(alone, guidance) });
    const wanted = classifierFree(network(true), guidance);
    const { x } = await sample({ ...one, backend, denoiser: wanted });
    found.x.forEach((value, i) => {
      expect(value).toBeCloseTo(x[i], 5);
    });
    await backend.close();
  });

  it("has no parameters, and runs nowhere else", async () => {
    const whole = network(true);
    expect(whole.parameters).toEqual([]);
    const backend = cpuBackend();
    await expect(sample({ ...options, backend, denoiser: whole })).rejects.toThrow(
      "cpu cannot run a model that is kept whole",
    );
    await backend.close();
  });
});

describe("the step beside a whole model", () => {
  const schedule = linearSchedule();
  const plain = ddimSteps(schedule, { steps: 4, eta: 1 });
  const langevin = plain.map((step) => ({ ...step, langevin: true }));
  const history = dpmSolverSteps(schedule, { steps: 4, order: 3 });
  const learned = ddpmSteps(schedule, { steps: 4, variance: "learned_range" });
  const guided = classifierFree(network(true), { scale: 3, unconditional: { c: [0, 0, 0] } });
  const rescaled = classifierFree(network(true), {
    scale: 3,
    rescale: 0.7,
    unconditional: { c: [0, 0, 0] },
  });
  const wide = {
    ...network(true),
    apply: (x: Expr, t: Expr, c?: Readonly<Record<string, Expr>>) => {
      const output = network(true).apply(x, t, c);
      return concat([output, output], 1);
    },
  };
  const cases: [string, Parameters<typeof stepForm>[0], Denoiser, Clip, dispatches: number][] = [
    ["plain", plain, network(true), false, 1],
    ["clipped", plain, network(true), 1, 1],
    ["thresholded", plain, network(true), { ratio: 0.995, max: 1 }, 1],
    ["guided", plain, guided, [-1, 1], 1],
    ["guided and rescaled", plain, rescaled, { ratio: 0.9 }, 1],
    ["of three estimates", history, network(true), 1, 1],
    ["with a learned variance", learned, wide, 1, 1],
    ["of Langevin dynamics", langevin, network(true), 1, 2],
  ];

  it.each(cases)("%s is loops alone", (_, rows, model, clip, dispatches) => {
    const condition = conditionInputs({ c: tensor([0.1, 0.2, 0.3], [3]) });
    const graph = stepGraph(model, shape, condition, stepForm(rows, clip));
    const plan = splitCalls(graph);
    const bodies = [
      wasmLoops(plan?.rest as Graph, { x: "x" })?.body,
      wgslLoops(plan?.rest as Graph, { x: "x" }, 8)?.body,
    ];
    const isWide = model === wide;
    for (const body of bodies) {
      const nodes = body?.nodes.map(({ op }) => op).filter((op) => op !== "Input");
      expect(nodes).toEqual(isWide ? ["Concat"] : []);
    }
    expect(wgslLoops(plan?.rest as Graph, { x: "x" }, 8)?.loops).toHaveLength(dispatches);
  });
});
