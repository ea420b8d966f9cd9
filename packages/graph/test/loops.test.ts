import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../src/evaluate.ts";
import * as g from "../src/index.ts";
import { wasmLoops, wgslLoops } from "../src/loops.ts";

type Numbers = Readonly<Record<string, Float32Array>>;

declare const WebAssembly: {
  instantiate(bytes: Uint8Array): Promise<{
    instance: { exports: { memory: { buffer: ArrayBuffer } } & Record<string, () => void> };
  }>;
};

/** Runs a graph that consists of loops alone. */
async function runLoops(
  graph: g.Graph,
  inPlace: Readonly<Record<string, string>>,
  inputs: Numbers,
  partElements?: number,
): Promise<Numbers> {
  const loops = wasmLoops(graph, inPlace, partElements);
  if (!loops) throw new Error("no loops");
  expect(loops.body.outputs).toEqual({});
  const { memory, ...exports } = (await WebAssembly.instantiate(loops.bytes)).instance.exports;
  const view = (name: string) => {
    const { offset, length } = loops.regions[name];
    return new Float32Array(memory.buffer, offset, length);
  };
  for (const [name, values] of Object.entries(inputs)) {
    if (loops.regions[name]) view(name).set(values);
  }
  for (let k = 0; k < loops.parts; k++) exports[`run${k}`]();
  return Object.fromEntries(
    Object.entries(loops.outputs).map(([output, name]) => [output, view(name).slice()]),
  );
}

/** The graph in float64. */
function exact(graph: g.Graph, inputs: Numbers): Readonly<Record<string, g.TensorData>> {
  const tensors = graph.inputs.map(({ name, shape }) => [
    name,
    g.tensor(inputs[name], shape as number[]),
  ]);
  const outputs = evaluate(graph, Object.fromEntries(tensors));
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}

const waves = (n: number, phase: number) =>
  Float32Array.from({ length: n }, (_, i) => 2 * Math.sin(1.7 * i + phase));

/** The largest difference of two outputs, relative to the largest number. */
function gap(got: Numbers, wanted: Readonly<Record<string, g.TensorData>>): number {
  return Math.max(
    ...Object.keys(got).map((name) => {
      const exact = Array.from(wanted[name] as Float64Array);
      const size = Math.max(1e-30, ...exact.map(Math.abs));
      return Math.max(...exact.map((v, i) => Math.abs(got[name][i] - v) / size));
    }),
  );
}

const positive = (x: g.Expr) => g.add(g.abs(x), 0.25);

const formulas: Record<string, (a: g.Expr, b: g.Expr) => g.Expr> = {
  Add: g.add,
  Sub: g.sub,
  Mul: g.mul,
  Div: (a, b) => g.div(a, positive(b)),
  Max: g.maximum,
  Min: g.minimum,
  Neg: (a) => g.neg(a),
  Abs: (a) => g.abs(a),
  Sign: (a, b) => g.mul(g.sign(g.relu(a)), g.sign(b)),
  Sqrt: (a) => g.sqrt(positive(a)),
  Floor: (a) => g.floor(a),
  Relu: (a) => g.relu(a),
  Exp: (a, b) => g.exp(g.mul(a, b)),
  Greater: (a, b) => g.where(g.greater(a, b), a, g.mul(b, 3)),
  Less: (a, b) => g.where(g.less(a, b), a, 2),
  Equal: (a) => g.where(g.equal(g.floor(a), -2), 5, a),
  "Cast from bool": (a, b) => g.add(g.cast(g.greater(a, b), "float32"), a),
  "Cast to bool": (a, b) => g.where(g.cast(g.floor(a), "bool"), b, 7),
  "a scalar": (a, b) => g.mul(a, g.add(g.slice(b, 0, 0, 1), 1)),
  "a scalar condition": (a, b) => g.where(g.greater(g.slice(b, 0, 0, 1), 0), a, b),
  "a sum": (a, b) => g.div(a, g.sqrt(g.sum(g.square(b)))),
  "a sum of a sum": (a, b) => g.add(a, g.sum(g.sub(b, g.div(g.sum(b), 3)))),
};

describe.each(Object.entries(formulas))("%s", (_, formula) => {
  it.each([2, 3, 4, 5, 7, 8, 9, 31, 64, 101])("on %i elements", async (n) => {
    const [a, b] = ["a", "b"].map((name) => g.input(name, { shape: [n] }));
    const graph = g.graphOf({ y: formula(a, b) }, [a as g.Input, b as g.Input]);
    const inputs = { a: waves(n, 0.3), b: waves(n, 1.1) };
    expect(gap(await runLoops(graph, { y: "a" }, inputs), exact(graph, inputs))).toBeLessThan(1e-6);
  });
});

describe("programs", () => {
  const step = (n: number, clip: boolean) => {
    const [w, m, v, slope] = ["w", "m", "v", "slope"].map((name) => g.input(name, { shape: [n] }));
    const rates = g.input("rates", { shape: [3] });
    const rate = (i: number) => g.slice(rates, 0, i, i + 1);
    const norm = g.sqrt(g.sum(g.square(slope)));
    const gradient = clip ? g.mul(slope, g.minimum(g.div(1, g.add(norm, 1e-6)), 1)) : slope;
    const first = g.add(g.mul(m, 0.9), gradient);
    const second = g.add(g.mul(v, 0.999), g.square(gradient));
    const change = g.mul(g.div(first, g.add(g.sqrt(second), rate(1))), rate(0));
    const weight = g.sub(g.mul(w, rate(2)), change);
    return { "next.w": weight, "next.m": first, "next.v": second };
  };
  const inPlace = { "next.w": "w", "next.m": "m", "next.v": "v" };
  const inputs = (n: number) => ({
    w: waves(n, 0),
    m: waves(n, 1),
    v: waves(n, 2).map(Math.abs),
    slope: waves(n, 3),
    rates: Float32Array.of(0.01, 1e-3, 0.999),
  });

  it.each([false, true])("Adam's step is that of float64, clipped: %s", async (clip) => {
    const graph = g.graphOf(step(1003, clip));
    const got = await runLoops(graph, inPlace, inputs(1003));
    expect(gap(got, exact(graph, inputs(1003)))).toBeLessThan(1e-6);
  });

  it("equal loops are one function", () => {
    const many = (count: number) => {
      const outputs: Record<string, g.Expr> = {};
      const places: Record<string, string> = {};
      for (let i = 0; i < count; i++) {
        const [w, slope] = ["w", "slope"].map((name) => g.input(`${name}${i}`, { shape: [9 + i] }));
        outputs[`next${i}`] = g.sub(w, g.mul(slope, 0.1));
        places[`next${i}`] = `w${i}`;
      }
      return wasmLoops(g.graphOf(outputs), places)?.bytes.length as number;
    };
    const each = (many(40) - many(20)) / 20;
    expect(each).toBeLessThan(20);
    expect(many(1)).toBeGreaterThan(5 * each);
  });

  it("random programs are those of float64", async () => {
    const names = ["a", "b", "c"];
    const operations = [g.add, g.sub, g.mul, g.maximum, g.minimum];
    const program = fc.record({
      n: fc.integer({ min: 1, max: 23 }),
      nodes: fc.array(fc.tuple(fc.nat(7), fc.nat(), fc.nat()), { minLength: 1, maxLength: 15 }),
    });
    await fc.assert(
      fc.asyncProperty(program, async ({ n, nodes }) => {
        const vectors = names.map((name) => g.input(name, { shape: [n] }));
        const values: g.Expr[] = [...vectors];
        for (const [kind, i, j] of nodes) {
          const [a, b] = [values[i % values.length], values[j % values.length]];
          if (kind < operations.length) values.push(g.mul(operations[kind](a, b), 0.5));
          else if (kind === 5) values.push(g.where(g.greater(a, b), g.sub(a, b), 0));
          else if (kind === 6) values.push(g.mul(a, g.mul(g.sum(b), 1 / n)));
          else values.push(g.sqrt(positive(a)));
        }
        const outputs = { y: g.add(values[values.length - 1], 0), z: g.add(values[3], 1) };
        const graph = g.graphOf(outputs, vectors);
        const places = { y: "a", z: "b" };
        const given = { a: waves(n, 0), b: waves(n, 1), c: waves(n, 2) };
        // A later loop may need what an earlier one overwrites.
        if (!wasmLoops(graph, places)) return;
        const got = await runLoops(graph, places, given);
        const wanted = exact(graph, given);
        for (const name of Object.keys(got)) {
          const numbers = Array.from(wanted[name] as Float64Array);
          for (const [i, v] of numbers.entries()) {
            expect(Math.abs(got[name][i] - v)).toBeLessThan(1e-4 * Math.max(1, Math.abs(v)));
          }
        }
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

describe("rows", () => {
  const image = [3, 4, 2, 5];
  const places = { y: "x" };
  const spread = (v: g.Expr, axes: number[]) => {
    const centered = g.sub(v, g.mean(v, axes, true));
    return g.sqrt(g.mean(g.square(centered), axes, true));
  };
  const programs: Record<string, (x: g.Expr, v: g.Expr) => Record<string, g.Expr>> = {
    "a mean of each sample": (x, v) => ({ y: g.sub(x, g.mean(v, [1, 2, 3], true)) }),
    "the ratio of deviations": (x, v) => ({
      y: g.mul(v, g.div(spread(x, [1, 2, 3]), spread(v, [1, 2, 3]))),
    }),
    "group norm's channels": (x, v) => ({ y: g.div(g.sub(x, v), spread(x, [2, 3])) }),
    "softmax of samples": (x) => {
      const flat = g.reshape(x, [3, 40]);
      const powers = g.exp(g.sub(flat, g.max(flat, [1], true)));
      return { y: g.reshape(g.div(powers, g.sum(powers, [1], true)), image) };
    },
    "halvings, and a second output": (x, v) => {
      const sizes = g.reshape(g.abs(v), [3, 40]);
      let [low, high]: g.Expr[] = [g.mul(g.max(sizes, [1], true), 0), g.max(sizes, [1], true)];
      for (let i = 0; i < 9; i++) {
        const middle = g.mul(g.add(low, high), 0.5);
        const count = g.sum(g.cast(g.greater(sizes, middle), "float32"), [1], true);
        const many = g.greater(count, 7.5);
        [low, high] = [g.where(many, middle, low), g.where(many, high, middle)];
      }
      const bound = g.reshape(high, [3, 1, 1, 1]);
      const clipped = g.minimum(g.maximum(v, g.neg(bound)), bound);
      return { y: g.add(x, clipped), clipped };
    },
    "the lengths of all samples": (x, v) => {
      const lengths = (e: g.Expr) => g.sum(g.sqrt(g.sum(g.square(e), [1, 2, 3])));
      const ratio = g.div(lengths(x), lengths(v));
      return { y: g.add(x, g.mul(g.mul(ratio, ratio), v)) };
    },
    "a total of a total": (x, v) => {
      const top = g.max(g.sum(v, [1, 2, 3]));
      return { y: g.sub(x, g.mean(g.mul(v, top))) };
    },
    "a value of each row as an output": (x, v) => ({ y: g.add(x, v), sums: g.sum(x, [1, 2, 3]) }),
  };
  const numbers = { x: waves(120, 0.4), v: waves(120, 2.2) };

  it.each(Object.entries(programs))("%s", async (_, program) => {
    const [x, v] = ["x", "v"].map((name) => g.input(name, { shape: image }));
    const graph = g.graphOf(program(x, v), [x as g.Input, v as g.Input]);
    expect(gap(await runLoops(graph, places, numbers), exact(graph, numbers))).toBeLessThan(1e-6);
  });

  it.each([
    ["samples", [3, 1, 1, 1]],
    ["channels", [1, 4, 1, 1]],
    ["both", [3, 4, 1, 1]],
    ["channels without a batch", [4, 1, 1]],
    ["elements", [5]],
  ])("a number for each of the %s", async (_, shape) => {
    const [x, a, b] = ["x", "a", "b"].map((name, i) => g.input(name, { shape: i ? shape : image }));
    const graph = g.graphOf({ y: g.add(g.mul(x, g.sqrt(positive(a))), b) }, [x, a, b] as g.Input[]);
    const size = shape.reduce((p, d) => p * d, 1);
    const given = { x: numbers.x, a: waves(size, 1), b: waves(size, 2) };
    expect(gap(await runLoops(graph, places, given), exact(graph, given))).toBeLessThan(1e-6);
  });

  it("parts of a joined batch, and of channels with a learned variance", async () => {
    const x = g.input("x", { shape: image });
    const both = g.input("both", { shape: [6, ...image.slice(1)] });
    const [u, c] = [g.slice(both, 0, 0, 3), g.slice(both, 0, 3, 6)];
    const guided = g.graphOf({ y: g.add(x, g.add(u, g.mul(g.sub(c, u), 7.5))) }, [x, both]);
    const given = { x: numbers.x, both: waves(240, 3) };
    expect(gap(await runLoops(guided, places, given), exact(guided, given))).toBeLessThan(1e-6);

    const output = g.input("output", { shape: [3, 8, 2, 5] });
    const [mean, raw] = [g.slice(output, 1, 0, 4), g.slice(output, 1, 4, 8)];
    const norm = g.sqrt(g.mean(g.square(mean), [1, 2, 3], true));
    const learned = g.add(g.div(mean, norm), g.mul(g.exp(g.mul(raw, 0.5)), x));
    const graph = g.graphOf({ y: learned }, [x, output]);
    const numbersOf = { x: numbers.x, output: waves(240, 3) };
    expect(gap(await runLoops(graph, places, numbersOf), exact(graph, numbersOf))).toBeLessThan(
      1e-6,
    );
  });

  it("leaves to the body what has other rows", () => {
    const x = g.input("x", { shape: image });
    const inner = g.div(x, g.sum(x, [2, 3], true));
    const graph = g.graphOf({ y: g.sub(inner, g.mean(inner, [1, 2, 3], true)) }, [x]);
    const loops = wasmLoops(graph, places);
    expect(loops?.body.nodes.map(({ op }) => op)).toEqual(["Input", "ReduceSum", "Div"]);
  });

  it("exp is that of float64, from the smallest number to infinity", async () => {
    const x = g.input("x", { shape: [2001] });
    const given = { x: Float32Array.from({ length: 2001 }, (_, i) => (i - 1040) / 10) };
    const { y } = await runLoops(g.graphOf({ y: g.exp(x) }), places, given);
    for (const [i, value] of y.entries()) {
      const wanted = Math.fround(Math.exp(given.x[i]));
      if (wanted === Number.POSITIVE_INFINITY) expect(value).toBe(wanted);
      else expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1.5e-7 * wanted + 2 ** -149);
    }
    const odd = { x: Float32Array.of(Number.NaN, -Infinity, Infinity, 0).slice() };
    const four = g.input("x", { shape: [4] });
    const got = await runLoops(g.graphOf({ y: g.exp(four) }), places, odd);
    expect([...got.y]).toEqual([Number.NaN, 0, Infinity, 1]);
  });

  it("random programs are those of float64", async () => {
    const program = fc.record({
      shape: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 9 })),
      nodes: fc.array(fc.tuple(fc.nat(7), fc.nat(), fc.nat()), { minLength: 1, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(program, async ({ shape, nodes }) => {
        const vectors = ["a", "b", "c"].map((name) => g.input(name, { shape }));
        const perRow = g.input("r", { shape: [shape[0], 1] });
        const values: g.Expr[] = [...vectors, perRow];
        for (const [kind, i, j] of nodes) {
          const [a, b] = [values[i % values.length], values[j % values.length]];
          if (kind === 0) values.push(g.mul(g.add(a, b), 0.5));
          else if (kind === 1) values.push(g.mul(a, g.minimum(b, 1)));
          else if (kind === 2) values.push(g.where(g.greater(a, b), g.sub(a, b), 0));
          else if (kind === 3) values.push(g.mean(a, [1], true));
          else if (kind === 4) values.push(g.max(a, [1], true));
          else if (kind === 5) values.push(g.mul(a, g.mean(b)));
          else if (kind === 6) values.push(g.mul(a, g.max(g.sum(b, [1]))));
          else values.push(g.div(a, positive(b)));
        }
        const outputs = {
          y: g.add(values[values.length - 1], vectors[0]),
          z: g.add(values[4 % values.length], vectors[1]),
        };
        const graph = g.graphOf(outputs, [...vectors, perRow] as g.Input[]);
        if (!wasmLoops(graph, { y: "a", z: "b" })) return;
        const n = shape[0] * shape[1];
        const given = { a: waves(n, 0), b: waves(n, 1), c: waves(n, 2), r: waves(shape[0], 3) };
        const { body } = wasmLoops(graph, { y: "a", z: "b" }) as { body: g.Graph };
        if (Object.keys(body.outputs).length > 0) return;
        const got = await runLoops(graph, { y: "a", z: "b" }, given);
        const wanted = exact(graph, given);
        for (const name of Object.keys(got)) {
          for (const [i, v] of Array.from(wanted[name] as Float64Array).entries()) {
            expect(Math.abs(got[name][i] - v)).toBeLessThan(1e-4 * Math.max(1, Math.abs(v)));
          }
        }
      }),
      { numRuns: 300, seed: 11 },
    );
  });
});

describe("parts", () => {
  const [w, m, slope] = ["w", "m", "slope"].map((name) => g.input(name, { shape: [1003] }));
  const gradient = g.mul(slope, g.minimum(g.div(1, g.sqrt(g.sum(g.square(slope)))), 1));
  const next = g.add(g.mul(m, 0.9), gradient);
  const largest = g.max(m, [0], true);
  // The first part overwrites the element that all parts need.
  const rate = g.add(g.slice(w, 0, 0, 1), largest);
  const clipped = g.graphOf({ w: g.sub(w, g.mul(next, rate)), m: next });
  const inputs = { w: waves(1003, 0), m: waves(1003, 1), slope: waves(1003, 2) };

  it("are as many as the elements need, and change no result", async () => {
    const places = { w: "w", m: "m" };
    const whole = await runLoops(clipped, places, inputs);
    expect(gap(whole, exact(clipped, inputs))).toBeLessThan(1e-6);
    const counts = [2 ** 22, 2100, 1004, 500, 64].map((elements) => {
      return wasmLoops(clipped, places, elements)?.parts;
    });
    // Two passes of sums and one of stores, of 1,003 elements each.
    expect(counts).toEqual([1, 2, 3, 9, 48]);
    for (const elements of [4, 64, 500, 1004, 2100]) {
      expect(await runLoops(clipped, places, inputs, elements)).toEqual(whole);
    }
  });

  it("end between rows", async () => {
    const x = g.input("x", { shape: [13, 7] });
    const centered = g.sub(x, g.mean(x, [1], true));
    const scaled = g.div(centered, g.sqrt(g.sum(g.square(centered))));
    const graph = g.graphOf({ x: scaled });
    const given = { x: waves(91, 0.4) };
    const whole = await runLoops(graph, { x: "x" }, given);
    expect(gap(whole, exact(graph, given))).toBeLessThan(1e-6);
    expect(wasmLoops(graph, { x: "x" }, 40)?.parts).toBeGreaterThan(4);
    for (const elements of [4, 40, 100]) {
      expect(await runLoops(graph, { x: "x" }, given, elements)).toEqual(whole);
    }
  });
});

describe("splitting", () => {
  const w = g.input("w", { shape: [4] });
  const x = g.input("x", { shape: [4, 4] });
  const product = g.reshape(g.matmul(x, g.reshape(w, [4, 1])), [4]);

  it("leaves the loops' operands to the body", () => {
    const graph = g.graphOf({ next: g.sub(w, g.mul(product, 0.1)), loss: g.sum(product) }, [w, x]);
    const split = wasmLoops(graph, { next: "w" });
    expect([...(split?.border ?? [])].sort()).toEqual(["border/1", "w"]);
    expect(Object.keys(split?.body.outputs ?? {}).sort()).toEqual(["border/1", "loss"]);
    expect(split?.body.nodes.map(({ op }) => op)).not.toContain("Sub");
  });

  it("keeps in the body what the body or another output needs", () => {
    const next = g.sub(w, g.mul(product, 0.1));
    const graph = g.graphOf({ next, loss: g.sum(g.exp(next)) }, [w, x]);
    expect(wasmLoops(graph, { next: "w" })).toBeUndefined();
  });

  it("keeps operations that loops do not have", () => {
    const graph = g.graphOf({ next: g.sub(w, g.tanh(g.mul(w, 2))) }, [w]);
    const split = wasmLoops(graph, { next: "w" });
    expect(split?.body.nodes.map(({ op }) => op)).toEqual(["Input", "Constant", "Mul", "Tanh"]);
  });

  it("keeps symbolic shapes and other dtypes", () => {
    const named = g.input("named", { shape: ["batch"] });
    expect(wasmLoops(g.graphOf({ next: g.neg(named) }), { next: "named" })).toBeUndefined();
    const whole = g.input("whole", { shape: [4], dtype: "int64" });
    expect(wasmLoops(g.graphOf({ next: g.add(whole, 1) }), { next: "whole" })).toBeUndefined();
  });

  it("has no loops where an output overwrites what a later loop reads", () => {
    const v = g.input("v", { shape: [4] });
    const graph = g.graphOf({ a: g.neg(w), b: g.add(v, g.sum(g.mul(w, v))) }, [w, v]);
    const places = { a: "w", b: "v" };
    expect(wasmLoops(graph, places)).toBeDefined();
    const part = g.input("part", { shape: [2] });
    const late = g.graphOf({ a: g.neg(w), b: g.add(part, g.slice(w, 0, 2, 4)) }, [w, part]);
    expect(wasmLoops(late, { a: "w", b: "part" })).toBeUndefined();
  });

  it("stores last what earlier loops read", async () => {
    const v = g.input("v", { shape: [4] });
    const graph = g.graphOf({ a: g.neg(w), b: g.add(w, g.sum(v)) }, [w, v]);
    const inputs = { w: waves(4, 1), v: waves(4, 2) };
    const got = await runLoops(graph, { a: "w", b: "v" }, inputs);
    expect(gap(got, exact(graph, inputs))).toBeLessThan(1e-6);
  });
});

describe("WGSL", () => {
  const [w, v] = ["w", "v"].map((name) => g.input(name, { shape: [300] }));
  const rate = g.slice(g.input("rates", { shape: [2] }), 0, 1, 2);

  it("is one dispatch for outputs that share vectors", () => {
    const moved = g.sub(v, w);
    const graph = g.graphOf({ next: g.add(w, g.mul(moved, rate)), kept: moved });
    const made = wgslLoops(graph, { next: "w", kept: "v" }, 8);
    expect(made?.outputs).toEqual({ next: "w", kept: "v" });
    expect(made?.loops.map(({ buffers, workgroups }) => [buffers, workgroups])).toEqual([
      [["w", "v", "rates"], 2],
    ]);
    expect(made?.loops[0].code).toContain("var<storage, read> b2");
    expect(wgslLoops(graph, { next: "w", kept: "v" }, 2)).toBeUndefined();
  });

  it("leaves sums to the body where vectors have several lengths", () => {
    const short = g.input("short", { shape: [4] });
    const graph = g.graphOf({ next: g.mul(w, g.sum(short)) }, [w, short] as g.Input[]);
    const made = wgslLoops(graph, { next: "w" }, 8);
    expect(made?.body.nodes.map(({ op }) => op)).toEqual(["Input", "ReduceSum"]);
    expect(made?.loops[0].buffers).toEqual(["w", "border/2"]);
  });

  it("is one dispatch of one workgroup for sums of vectors of one length", () => {
    const graph = g.graphOf({ next: g.mul(w, g.sum(v)) }, [w, v] as g.Input[]);
    const made = wgslLoops(graph, { next: "w" }, 8);
    expect(made?.body.nodes).toEqual([]);
    expect(made?.loops.map(({ workgroups }) => workgroups)).toEqual([1]);
  });

  it("has no loops for a number that float32 lacks", () => {
    const graph = g.graphOf({ next: g.mul(w, 1e300) }, [w as g.Input]);
    expect(wgslLoops(graph, { next: "w" }, 8)).toBeUndefined();
  });

  it("has no loops where one overwrites an element that a later one reads", () => {
    const short = g.input("short", { shape: [4] });
    const graph = g.graphOf({ a: g.neg(w), b: g.mul(short, g.slice(w, 0, 0, 1)) });
    expect(wgslLoops(graph, { a: "w", b: "short" }, 8)).toBeUndefined();
    const made = wgslLoops(g.graphOf({ b: graph.outputs.b }), { b: "short" }, 8);
    expect(made?.loops).toHaveLength(1);
  });

  it("takes an element before a loop in WebAssembly overwrites it", async () => {
    const short = g.input("short", { shape: [4] });
    const graph = g.graphOf({ a: g.neg(w), b: g.mul(short, g.slice(w, 0, 0, 1)) });
    const inputs = { w: waves(300, 1), short: waves(4, 2) };
    const loops = wasmLoops(graph, { a: "w", b: "short" });
    if (!loops) return;
    const got = await runLoops(graph, { a: "w", b: "short" }, inputs);
    expect(gap(got, exact(graph, inputs))).toBeLessThan(1e-6);
  });
});
