import { readSafetensors, writeSafetensors } from "@gen/data";
import {
  div,
  type Expr,
  mean,
  mul,
  parameter,
  square,
  sub,
  type Tensor,
  tensor,
  tensorNumbers,
} from "@gen/graph";
import { randomStream } from "@gen/math";
import {
  adam,
  adamw,
  convEncoder,
  type FloatTensor,
  mlp,
  type Network,
  stateFromTensors,
  stateTensors,
  type TrainOptions,
  type TrainProgress,
  type TrainResult,
  train,
  weightsOf,
} from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

type Given = "x" | "y";
type Options = Partial<TrainOptions<unknown, Given>>;

const backends: Record<string, () => Promise<Backend> | Backend> = {
  cpu: cpuBackend as () => Backend,
  onnx: () => onnxBackend() as Promise<Backend>,
  "tfjs wasm": () => tfjsBackend({ device: "wasm" }) as Promise<Backend>,
  "tfjs cpu": () => tfjsBackend({ device: "cpu" }) as Promise<Backend>,
};

type Batch = Record<Given, { data: Float32Array; shape: number[] }>;

/** Batches of 16 points and a curved function of them, from step `from` on. */
function* curves(shape: readonly number[], from = 0) {
  const size = shape.reduce((a, b) => a * b, 1);
  for (let step = from; ; step++) {
    const x = randomStream({ seed: 7, purpose: "test", step }).normal(new Float32Array(16 * size));
    const y = Float32Array.from({ length: 32 }, (_, i) => {
      const row = x.subarray(Math.floor(i / 2) * size, (Math.floor(i / 2) + 1) * size);
      return Math.sin(row[0] * (1 + (i % 2)) + row[size - 1]) + 0.3 * row[1];
    });
    yield { x: { data: x, shape: [16, ...shape] }, y: { data: y, shape: [16, 2] } };
  }
}

function fit(backend: Backend, net: Network, options: Options = {}): Promise<TrainResult> {
  const { shape } = net.signature.x;
  return train<unknown, Given>({
    backend,
    loss: ({ x, y }) => mean(square(sub(net.apply(x), y))),
    signature: { x: { shape }, y: { shape: ["batch", 2] } },
    optimizer: adam({ learningRate: 3e-3 }),
    batches: curves(shape.slice(1) as number[], options.resume?.step),
    steps: 20,
    ...options,
  });
}

const smallMlp = () => mlp({ inputs: 2, hidden: [24, 24], outputs: 2, seed: 11 });
const smallConv = () => convEncoder({ size: 8, channels: [4, 6], outputs: 2, seed: 11 });
const bytes = (tensors: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(Object.entries(tensors).map(([k, t]) => [k, Array.from(tensorNumbers(t))]));

describe.each(Object.keys(backends))("on %s", (name) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await backends[name]();
  });
  afterAll(() => backend.close());

  test("learns, reports, returns the weights and frees every tensor", async () => {
    const net = smallMlp();
    const before = weightsOf(net);
    const seen: TrainProgress[] = [];
    const live = backend.memory().live;
    const result = await fit(backend, net, {
      steps: 65,
      ema: 0.9,
      clipNorm: 1,
      onStep: (p) => seen.push(p),
    });
    expect(backend.memory().live).toBe(live);
    expect(seen.map((p) => p.step)).toEqual([10, 20, 30, 40, 50, 60, 65]);
    const { history, state } = result.training;
    expect(history.map((h) => h.step)).toEqual(seen.map((p) => p.step));
    expect(seen.every((p) => p.secondsLeft >= 0) && seen[6].secondsLeft === 0).toBe(true);
    expect(result.training).toMatchObject({ step: 65, aborted: false });
    expect(history[6].losses.loss).toBeLessThan(0.75 * history[0].losses.loss);
    for (const { name, shape, value } of net.parameters) {
      expect(value).toBe(before[name]);
      expect(result.weights[name]).not.toEqual(value);
      expect(result.weights[name]).toEqual(state.weights[name]);
      expect(result.ema?.[name].shape).toEqual(shape);
      expect(result.ema?.[name]).not.toEqual(result.weights[name]);
    }
  });

  test("several steps in a run learn the same weights, with incomplete runs too", async () => {
    const [one, chained] = [smallMlp(), smallMlp()];
    const live = backend.memory().live;
    const steps = 27;
    const seen: number[] = [];
    const options = { steps, ema: 0.9, clipNorm: 1 };
    const expected = await fit(backend, one, options);
    const result = await fit(backend, chained, {
      ...options,
      stepsPerRun: 4,
      onStep: ({ step }) => seen.push(step),
    });
    expect(seen).toEqual([10, 20, 27]);
    expect(backend.memory().live).toBe(live);
    const { history, state } = result.training;
    for (const [i, { step, losses }] of expected.training.history.entries()) {
      expect(history[i].step).toBe(step);
      expect(Math.abs(history[i].losses.loss / losses.loss - 1)).toBeLessThan(1e-5);
    }
    for (const [name, { data }] of Object.entries(stateTensors(expected.training.state))) {
      const got = tensorNumbers(stateTensors(state)[name]);
      const off = Array.from(data as Float32Array, (v, k) => Math.abs(got[k] - v));
      expect(Math.max(...off)).toBeLessThan(1e-4);
    }
  });

  test("takes all batches when they end within a run", async () => {
    const source = curves([2]);
    const seven = Array.from({ length: 7 }, () => source.next().value as Batch);
    const options = { batches: seven, steps: 50, stepsPerRun: 5 };
    const { training } = await fit(backend, smallMlp(), options);
    expect(training.step).toBe(7);
  });

  test("a signal stops training after the current step; the result holds what was learned", async () => {
    const control = new AbortController();
    const live = backend.memory().live;
    let taken = 0;
    function* counted() {
      for (const batch of curves([2])) {
        taken++;
        yield batch;
      }
    }
    const { training, weights } = await fit(backend, smallMlp(), {
      batches: counted(),
      steps: 1000,
      logEvery: 1,
      signal: control.signal,
      onStep: ({ step }) => step === 7 && control.abort(),
    });
    expect(training).toMatchObject({ step: 7, aborted: true });
    expect(taken).toBe(7);
    const same = await fit(backend, smallMlp(), { steps: 7 });
    expect(weights).toEqual(same.weights);
    expect(backend.memory().live).toBe(live);
  });

  test("timers fire between steps, though steps are promises alone", async () => {
    const control = new AbortController();
    setTimeout(() => control.abort(), 20);
    const { training } = await fit(backend, smallMlp(), { steps: 1e6, signal: control.signal });
    expect(training.aborted).toBe(true);
    expect(training.step).toBeLessThan(1e6);
  });

  test("a loss that is not a number is an error and changes nothing", async () => {
    const net = smallMlp();
    const before = weightsOf(net);
    const live = backend.memory().live;
    const failing = fit(backend, net, {
      loss: ({ x, y }) => div(mean(square(sub(net.apply(x), y))), mean(mul(y, 0))),
    });
    await expect(failing).rejects.toThrow(
      /loss is (Infinity|NaN) at step 10; a smaller learningRate/,
    );
    expect(weightsOf(net)).toEqual(before);
    expect(backend.memory().live).toBe(live);
  });
});

test("a weight that the last update breaks is an error too", async () => {
  const backend = cpuBackend() as Backend;
  const net = smallMlp();
  const before = weightsOf(net);
  const breaking = fit(backend, net, { steps: 1, optimizer: adam({ learningRate: 1e300 }) });
  await expect(breaking).rejects.toThrow(/weight layers\.\d\.\w+ is not finite after step 1/);
  expect(weightsOf(net)).toEqual(before);
  expect(backend.memory().live).toBe(0);
});

test("a checkpoint with such a weight is an error, and a later loss names the first one", async () => {
  const backend = cpuBackend() as Backend;
  const optimizer = adam({ learningRate: 1e300 });
  const saving = fit(backend, smallMlp(), {
    steps: 2,
    logEvery: 1,
    optimizer,
    onStep: async ({ checkpoint }) => void (await checkpoint()),
  });
  await expect(saving).rejects.toMatchObject({
    code: "not-finite",
    message: expect.stringMatching(/^weight layers\.\d\.\w+ is not finite after step 1; a smaller/),
    cause: { message: expect.stringMatching(/ is not finite after step 1$/) },
  });
  const late = fit(backend, smallMlp(), { steps: 2, logEvery: 2, optimizer });
  await expect(late).rejects.toThrow(
    /^loss is NaN at step 2; a smaller learningRate .* may help; the first weight that is not finite is layers\.0\.\w+$/,
  );
  expect(backend.memory().live).toBe(0);
});

describe("curves", () => {
  const losses = async (make: () => Backend | Promise<Backend>, net: Network, steps: number) => {
    const backend = await make();
    const { training } = await fit(backend, net, { steps, logEvery: 1 });
    await backend.close();
    return training.history.map((h) => h.losses.loss);
  };
  for (const [name, make, steps] of [
    ["mlp", smallMlp, 100],
    ["convolutions", smallConv, 30],
  ] as const) {
    test(`of ${name} agree on all backends`, async () => {
      const [want, ...others] = await Promise.all(
        Object.values(backends).map((b) => losses(b, make(), steps)),
      );
      expect(want).toHaveLength(steps);
      for (const got of others) {
        for (const [i, v] of want.entries()) expect(Math.abs(got[i] / v - 1)).toBeLessThan(1e-3);
      }
    });
  }
});

describe("resuming", () => {
  // The cpu backend computes in float64, so its state is rounded in a float32 file.
  for (const name of ["onnx", "tfjs wasm"]) {
    test(`on ${name}, 10 steps, a file and 10 more are 20, bit for bit`, async () => {
      const backend = await backends[name]();
      const options = {
        optimizer: adamw({ learningRate: (s) => 0.01 / (1 + s) }),
        ema: 0.99,
        clipNorm: 2,
      };
      const whole = await fit(backend, smallMlp(), options);
      const { training: half } = await fit(backend, smallMlp(), {
        ...options,
        steps: 10,
        packBelow: 100,
      });
      const file = readSafetensors(writeSafetensors(stateTensors(half.state))).tensors;
      const resume = stateFromTensors(half.step, file);
      const { training: rest } = await fit(backend, smallMlp(), { ...options, resume });
      expect(rest.step).toBe(20);
      expect(bytes(stateTensors(rest.state))).toEqual(bytes(stateTensors(whole.training.state)));
      await backend.close();
    });
  }

  test("a checkpoint is the state of its step", async () => {
    const backend = await backends.onnx();
    const states: Promise<unknown>[] = [];
    await fit(backend, smallMlp(), {
      logEvery: 5,
      onStep: ({ step, checkpoint }) => {
        const taken = checkpoint();
        if (step === 5) states.push(taken);
        return taken;
      },
    });
    const { training } = await fit(backend, smallMlp(), { steps: 5 });
    expect(await states[0]).toEqual(training.state);
    await backend.close();
  });

  test("refuses a state that does not fit", async () => {
    const backend = cpuBackend();
    const { training } = await fit(backend as Backend, smallMlp(), { steps: 1 });
    const tensors = stateTensors(training.state);
    const { "first/layers.0.bias": _, ...fewer } = tensors;
    const resume = (stored: Record<string, FloatTensor>) =>
      fit(backend as Backend, smallMlp(), { resume: stateFromTensors(1, stored) });
    await expect(resume(fewer)).rejects.toThrow(
      /resume's first\/layers\.0\.bias \[24\] is missing/,
    );
    await expect(
      resume({ ...tensors, "weights/layers.0.bias": tensor([1]) as FloatTensor }),
    ).rejects.toThrow(/resume's weights\/layers\.0\.bias must have shape \[24\], got \[1\]/);
    expect(backend.memory().live).toBe(0);
  });
});

describe("options", () => {
  const backend = cpuBackend() as Backend;
  const run = (options: Options) => fit(backend, smallMlp(), options);

  test("trains only the given parameters", async () => {
    const net = smallMlp();
    const before = weightsOf(net);
    const chosen = net.parameters.filter((p) => p.name.endsWith("bias"));
    const { weights, training } = await fit(backend, net, { steps: 2, parameters: chosen });
    expect(Object.keys(training.state.weights)).toHaveLength(3);
    for (const p of net.parameters) {
      if (chosen.includes(p)) expect(weights[p.name]).not.toEqual(before[p.name]);
      else expect(weights).not.toHaveProperty([p.name]);
      expect(p.value).toBe(before[p.name]);
    }
  });

  test("reports several losses and minimizes `loss`", async () => {
    const net = smallMlp();
    const { training } = await run({
      steps: 1,
      loss: ({ x, y }) => {
        const error = mean(square(sub(net.apply(x), y)));
        return { loss: mul(error, 2), error };
      },
    });
    const { loss, error } = training.history[0].losses;
    expect(loss).toBeCloseTo(2 * error, 12);
  });

  test("takes asynchronous batches and stops at their end", async () => {
    async function* three() {
      let left = 3;
      for (const batch of curves([2])) {
        if (left-- === 0) return;
        yield await Promise.resolve(batch);
      }
    }
    const { training } = await run({ batches: three(), steps: 50 });
    const { step, aborted, history } = training;
    expect({ step, aborted, reads: history.length }).toEqual({ step: 3, aborted: false, reads: 1 });
  });

  test("trains a scalar parameter too", async () => {
    const s = parameter("s", tensor([3], []));
    const loss = ({ y }: Record<Given, Expr>) => mean(square(sub(s, mul(y, 0))));
    const { weights } = await run({ loss, steps: 3 });
    expect(weights.s.shape).toEqual([]);
    expect(tensorNumbers(weights.s)[0]).toBeLessThan(3);
  });

  const x = { data: new Float32Array(4), shape: [2, 2] };
  const bad: [string, Options, RegExp][] = [
    ["no steps", { steps: 0 }, /steps must be a whole number of at least 1, got 0/],
    ["resume", { resume: stateFromTensors(-1, {}) }, /resume\.step must be .* got -1/],
    ["logEvery", { logEvery: 0.5 }, /logEvery must be a whole number of at least 1, got 0.5/],
    ["decay", { ema: 1 }, /ema decay must be in \[0, 1\), got 1/],
    [
      "no scalar",
      { loss: ({ x }) => x },
      /loss must be a float32 scalar \[\], got float32 \[batch, 2\]/,
    ],
    [
      "no loss",
      { loss: ({ x }) => ({ error: mean(x) }) },
      /must include one named loss, got error/,
    ],
    ["no weights", { loss: ({ x }) => mean(x) }, /the loss uses no parameters/],
    ["no y", { batches: [{ x } as Record<Given, typeof x>] }, /batches must give y, got x/],
    [
      "wrong shape",
      { batches: [{ x: { data: new Float32Array(6), shape: [2, 3] }, y: x }] },
      /input x must be \[batch, 2\].* got \[2, 3\]/,
    ],
    [
      "wrong dtype",
      { batches: [{ x: { ...x, data: new Float64Array(4), dtype: "float64" }, y: x }] },
      /input x must be float32 \[batch, 2\], got float64 \[2, 2\]/,
    ],
  ];
  for (const [name, options, message] of bad) {
    test(`refuses: ${name}`, async () => {
      await expect(run(options)).rejects.toThrow(message);
      expect(backend.memory().live).toBe(0);
    });
  }
});
