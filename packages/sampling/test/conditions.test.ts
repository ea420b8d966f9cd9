import { add, cast, concat, constant, mean, mul, reshape, slice, tensor } from "@gen/graph";
import { randomStream } from "@gen/math";
import { mlp, unet, weightsOf, withWeights } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { cosineSchedule } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import {
  type ConditionOption,
  classifierFree,
  compose,
  type Denoiser,
  ddimSteps,
  denoiser,
  denoiserFunction,
  generate,
  sampler,
} from "../src/index.ts";

const backend = cpuBackend();
const schedule = cosineSchedule({ steps: 10 });
const steps = ddimSteps(schedule, { steps: 2 });
const labeled = denoiser(
  mlp({ inputs: 2, hidden: [16], time: { features: 8 }, classes: 10, seed: 5 }),
);

const plain = unet({
  size: 4,
  channels: 4,
  multipliers: [1],
  heads: 2,
  classes: 10,
  crossAttention: { features: 3 },
});
// Weights that start at zero would hide the conditions.
const wakened = Object.entries(weightsOf(plain)).map(([name, { shape, data }]) => {
  const numbers = randomStream({ seed: 4, purpose: name }).normal(data.length);
  return [
    name,
    tensor(
      numbers.map((v) => 0.3 * v),
      shape,
    ),
  ];
});
const both = denoiser(withWeights(plain, Object.fromEntries(wakened)));
/** A network of features `[batch, 3]` that joins them with x, which broadcasts nothing. */
const joining = denoiser({
  parameters: [],
  signature: {
    x: { shape: ["batch", 2] },
    t: { shape: ["batch"], dtype: "int64" },
    features: { shape: ["batch", 3] },
  },
  apply: (x, t, features) => {
    const all = concat([x, features, reshape(cast(t, "float32"), [t.shape[0], 1])], 1);
    return add(mul(slice(all, 1, 0, 2), 0.5), mean(slice(all, 1, 2, 6), [1], true));
  },
});

const shapes = new Map<Denoiser, number[]>([
  [labeled, [2]],
  [both, [1, 4, 4]],
  [joining, [2]],
]);

/** What a denoiser gives under a condition: as a function, in a run, and in generate. */
async function outputs(model: Denoiser, condition: ConditionOption | undefined, count = 2) {
  const shape = shapes.get(model) ?? [2];
  const size = shape.reduce((a, b) => a * b, count);
  const options = { backend, denoiser: model, shape: [count, ...shape], condition };
  const f = await denoiserFunction(options);
  const ready = sampler(options);
  const pipeline = { kind: "diffusion", denoiser: model, scheduler: { schedule }, shape } as const;
  const found = [
    await f(randomStream({ seed: 3 }).normal(size), 4),
    (await ready.sample({ ...options, steps, seed: 1 })).x,
    (await generate(pipeline, { backend, count, condition, steps: 2, seed: 1 })).x,
  ];
  await Promise.all([f.dispose(), ready.dispose()]);
  expect(backend.memory().live).toBe(0);
  return found.map((values) => Array.from(values));
}
const near = (found: number[][], wanted: number[][]) => {
  for (const [i, values] of wanted.entries()) {
    expect(found[i]).toHaveLength(values.length);
    for (const [k, v] of values.entries()) expect(found[i][k]).toBeCloseTo(v, 5);
  }
};

const int64s = (...values: number[]) => tensor(values, [values.length], "int64");
const texts = Array.from({ length: 12 }, (_, i) => Math.sin(i));
const nested = [0, 6].map((row) => [texts.slice(row, row + 3), texts.slice(row + 3, row + 6)]);

describe("a condition", () => {
  const forms: Record<string, [Denoiser, ConditionOption, wanted: ConditionOption]> = {
    "numbers without a name": [labeled, [3, 7], { condition: int64s(3, 7) }],
    "numbers by name": [labeled, { condition: [3, 7] }, { condition: int64s(3, 7) }],
    "a typed array": [labeled, { condition: Int32Array.of(3, 7) }, [3, 7]],
    "64-bit integers": [labeled, BigInt64Array.of(3n, 7n), [3, 7]],
    "floats of whole labels": [labeled, Float32Array.of(3, 7), [3, 7]],
    "a tensor without a name": [labeled, int64s(3, 7), [3, 7]],
    "a label for all samples": [labeled, 3, [3, 3]],
    "a label for all samples, by name": [labeled, { condition: 3 }, [3, 3]],
    "one label in a list": [labeled, [3], [3, 3]],
    "one label in a tensor": [labeled, { condition: int64s(3) }, [3, 3]],
    "flat features": [joining, texts.slice(0, 6), tensor(texts.slice(0, 6), [2, 3])],
    "nested features": [joining, [texts.slice(0, 3), texts.slice(3, 6)], texts.slice(0, 6)],
    "typed arrays in a list": [
      joining,
      { features: [Float32Array.from(texts.slice(0, 3)), texts.slice(3, 6)] },
      texts.slice(0, 6),
    ],
    "one item's features": [
      joining,
      texts.slice(0, 3),
      [...texts.slice(0, 3), ...texts.slice(0, 3)],
    ],
    "one number for all features": [joining, 0.5, Array(6).fill(0.5)],
    "features of batch 1": [
      joining,
      { features: tensor(texts.slice(0, 3), [1, 3]) },
      [...texts.slice(0, 3), ...texts.slice(0, 3)],
    ],
    "numbers of several conditions": [
      both,
      { condition: [3, 7], context: nested },
      { condition: int64s(3, 7), context: tensor(texts, [2, 2, 3]) },
    ],
    "one item's numbers of several conditions": [
      both,
      { condition: 3, context: nested[0] },
      { condition: int64s(3, 3), context: [nested[0], nested[0]] },
    ],
    "batch 1 beside a whole batch": [
      both,
      { condition: [3, 7], context: tensor(texts.slice(0, 6), [1, 2, 3]) },
      { condition: [3, 7], context: [nested[0], nested[0]] },
    ],
  };
  it.each(Object.entries(forms))("may be %s", async (_, [model, given, wanted]) => {
    const found = await outputs(model, given);
    near(found, await outputs(model, wanted));
    // The condition is used: another one gives other samples.
    const other = model === labeled ? [1, 1] : model === joining ? Array(6).fill(9) : undefined;
    if (other) expect(found[0]).not.toEqual((await outputs(model, other))[0]);
  });

  it("of one row serves every batch of generate", async () => {
    const one = await outputs(labeled, { condition: int64s(3) }, 2050);
    near(one, await outputs(labeled, Array(2050).fill(3), 2050));
  });

  const refused: [Denoiser, ConditionOption, string][] = [
    [labeled, [3, 12], "condition must be a class below 10, got 12"],
    [labeled, int64s(-1), "condition must be a class below 10, got -1"],
    [labeled, [0.5, 1], "condition condition must hold integers, got 0.5"],
    [labeled, ["3", "7"] as never, 'condition must hold finite numbers, got "3" at index 0'],
    [labeled, [null, 1] as never, "condition must hold finite numbers, got null at index 0"],
    [labeled, [], "condition must be { condition } with a tensor [batch], got 0 numbers"],
    [labeled, [[3], [7]], "condition must be { condition } with a tensor [batch], got 2 numbers"],
    [
      joining,
      [1, 2, 3, 4],
      "condition must be { features } with a tensor [batch, 3], got 4 numbers",
    ],
    [joining, [[1, 2, 3], [4]], "condition must be { features } with a tensor [batch, 3], got 4"],
    [
      joining,
      [
        [1, 2],
        [3, 4],
      ],
      "condition must be { features } with a tensor [batch, 3], got 4",
    ],
    [both, { condition: 3, context: texts }, "condition must be { context } with a tensor [batch"],
    [both, 3, "condition must be { condition, context }, got numbers"],
    [both, { condition: [3, 7] }, "condition must be { condition, context }, got { condition }"],
    [both, { label: [3, 7] }, "condition must be { condition, context }, got { label }"],
  ];
  it.each(refused)("that does not fit is refused, case %#", async (model, given, message) => {
    await expect(outputs(model, given)).rejects.toThrow(message);
  });
});

describe("guidance takes the same forms", () => {
  const guided = (unconditional: ConditionOption) =>
    classifierFree(both, { scale: 2, unconditional });
  const under = (model: Denoiser, condition?: ConditionOption) => {
    shapes.set(model, [1, 4, 4]);
    return outputs(model, condition);
  };
  const condition = { condition: [3, 7], context: nested };

  it("as what means no condition", async () => {
    const zeros = tensor(new Float32Array(6), [1, 2, 3]);
    const wanted = await under(guided({ condition: 10, context: zeros }), condition);
    const forms = [
      { condition: [10], context: new Float32Array(6) },
      { condition: [10, 10], context: 0 },
      { condition: int64s(10), context: [0, 0].map(() => [0, 0, 0]) },
    ];
    for (const form of forms) near(await under(guided(form), condition), wanted);
    const single = classifierFree(labeled, { scale: 2, unconditional: [10] });
    near(
      await outputs(single, [3, 7]),
      await outputs(classifierFree(labeled, { scale: 2, unconditional: 10 }), [3, 7]),
    );
    await expect(under(guided([10]), condition)).rejects.toThrow("must be { condition, context }");
  });

  it("with a condition of one row", async () => {
    const model = guided({ condition: 10, context: 0 });
    const one = { condition: int64s(3), context: tensor(texts.slice(0, 6), [1, 2, 3]) };
    const all = { condition: [3, 3], context: [nested[0], nested[0]] };
    near(await under(model, one), await under(model, all));
  });

  it("in a composition", async () => {
    const none = { condition: [10], context: nested[1] };
    const composed = (conditions: ConditionOption[]) =>
      compose(both, {
        unconditional: none,
        conditions: conditions.map((one) => ({ condition: one, scale: 1.5 })),
      });
    const plain = composed([
      { condition: [3], context: nested[0] },
      { condition: [7, 7], context: nested },
    ]);
    const tensors = composed([
      { condition: int64s(3), context: tensor(texts.slice(0, 6), [1, 2, 3]) },
      { condition: int64s(7, 7), context: tensor(texts, [2, 2, 3]) },
    ]);
    near(await under(plain), await under(tensors));
  });
});

it("a denoiser's own expressions of one row serve every sample", async () => {
  const row = constant(tensor(texts.slice(0, 3), [1, 3]));
  const inner = {
    ...joining,
    condition: undefined,
    apply: ((x, t) => joining.apply(x, t, { features: row })) as Denoiser["apply"],
  };
  near(await outputs(inner, undefined), await outputs(joining, texts.slice(0, 3)));
});

it.each(["x", "t", "features"])(
  "a network that fixes its batch in %s alone runs in parts",
  async (fixed) => {
    const signature = {
      x: { shape: [fixed === "x" ? 2 : "n", 2] },
      t: { shape: [fixed === "t" ? 2 : "n"], dtype: "int64" },
      features: { shape: [fixed === "features" ? 2 : "n", 3] },
    } as const;
    const batches = new Set<unknown>();
    const model = denoiser({
      parameters: [],
      signature,
      apply: (x, t, features) => {
        for (const { shape } of [x, t, features]) batches.add(shape[0]);
        return joining.apply(x, t, { features });
      },
    });
    expect([model.batch, model.sharedTime]).toEqual([2, undefined]);
    const features = Array.from({ length: 15 }, (_, i) => Math.cos(i));
    near(await outputs(model, features, 5), await outputs(joining, features, 5));
    expect([...batches]).toEqual([2]);
  },
);

describe("conditions that change from step to step", () => {
  const features = (value: number) => ({ features: tensor([value, 0, 1], [1, 3]) });
  const all = ddimSteps(schedule, { steps: 5 });
  const ready = sampler({ backend, denoiser: joining });
  const run = async (at: (row: number) => number) => {
    const states: number[][] = [];
    await ready.sample({
      steps: all,
      shape: [2, 2],
      seed: 3,
      stepConditions: (row) => features(at(row)),
      onStep: async ({ x }) => {
        states.push([...(await x())]);
      },
    });
    return states;
  };

  it("that are the same at each step are conditions of the run", async () => {
    const { x } = await ready.sample({
      steps: all,
      shape: [2, 2],
      seed: 3,
      condition: features(4),
    });
    expect((await run(() => 4)).at(-1)).toEqual([...x]);
  });

  it("count from their step on", async () => {
    const [a, b] = [await run(() => 0), await run((row) => (row < 3 ? 0 : 4))];
    expect(b.slice(0, 3)).toEqual(a.slice(0, 3));
    expect(b[3]).not.toEqual(a[3]);
  });

  it("are given the row and the rows of a pipeline's table", async () => {
    const calls: number[][] = [];
    const pipeline = {
      kind: "diffusion",
      denoiser: joining,
      scheduler: { schedule },
      shape: [2],
    } as const;
    await generate(pipeline, {
      backend,
      steps: 3,
      sampler: "ddim",
      stepConditions(row, rows) {
        calls.push([row, rows]);
        return features(1);
      },
    });
    // The first row tells the shapes.
    expect(calls).toEqual([0, 0, 1, 2].map((row) => [row, 3]));
  });
});
