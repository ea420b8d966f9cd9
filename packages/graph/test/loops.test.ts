import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../src/evaluate.ts";
import * as g from "../src/index.ts";
import { wasmLoops, wgslLoops } from "../src/loops.ts";

type Numbers = Readonly<Record<string, Float32Array>>;

declare const WebAssembly: {
  instantiate(bytes: Uint8Array): Promise<{
    instance: { exports: { memory: { buffer: ArrayBuffer }; run(): void } };
  }>;
};

/** Runs a graph that consists of loops alone. */
async function runLoops(
  graph: g.Graph,
  inPlace: Readonly<Record<string, string>>,
  inputs: Numbers,
): Promise<Numbers> {
  const loops = wasmLoops(graph, inPlace);
  if (!loops) throw new Error("no loops");
  expect(loops.body.outputs).toEqual({});
  const { memory, run } = (await WebAssembly.instantiate(loops.bytes)).instance.exports;
  const view = (name: string) => {
    const { offset, length } = loops.regions[name];
    return new Float32Array(memory.buffer, offset, length);
  };
  for (const [name, values] of Object.entries(inputs)) {
    if (loops.regions[name]) view(name).set(values);
  }
  run();
  return Object.fromEntries(
    Object.entries(inPlace).map(([output, name]) => [output, view(name).slice()]),
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
    const graph = g.graphOf({ next: g.sub(w, g.exp(g.mul(w, 2))) }, [w]);
    const split = wasmLoops(graph, { next: "w" });
    expect(split?.body.nodes.map(({ op }) => op)).toEqual(["Input", "Constant", "Mul", "Exp"]);
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
    const late = g.graphOf({ a: g.neg(w), b: g.add(w, g.sum(v)) }, [w, v]);
    expect(wasmLoops(late, places)).toBeUndefined();
  });
});

describe("WGSL", () => {
  const [w, v] = ["w", "v"].map((name) => g.input(name, { shape: [300] }));
  const rate = g.slice(g.input("rates", { shape: [2] }), 0, 1, 2);

  it("is one dispatch for outputs that share vectors", () => {
    const moved = g.sub(v, w);
    const graph = g.graphOf({ next: g.add(w, g.mul(moved, rate)), kept: moved });
    const made = wgslLoops(graph, { next: "w", kept: "v" }, 8);
    expect(made?.outputs).toEqual(["next", "kept"]);
    expect(made?.loops.map(({ buffers, length }) => [buffers, length])).toEqual([
      [["w", "v", "rates"], 300],
    ]);
    expect(made?.loops[0].code).toContain("var<storage, read> b2");
    expect(wgslLoops(graph, { next: "w", kept: "v" }, 2)).toBeUndefined();
  });

  it("leaves sums to the body", () => {
    const graph = g.graphOf({ next: g.mul(w, g.sum(v)) }, [w, v] as g.Input[]);
    const made = wgslLoops(graph, { next: "w" }, 8);
    expect(made?.body.nodes.map(({ op }) => op)).toEqual(["Input", "ReduceSum"]);
    expect(made?.loops[0].buffers).toEqual(["w", "border/2"]);
  });

  it("has no loops for a number that float32 lacks", () => {
    const graph = g.graphOf({ next: g.mul(w, 1e300) }, [w as g.Input]);
    expect(wgslLoops(graph, { next: "w" }, 8)).toBeUndefined();
  });

  it("has no loops where one overwrites an element that a later one reads", () => {
    const short = g.input("short", { shape: [4] });
    const graph = g.graphOf({ a: g.neg(w), b: g.mul(short, g.slice(w, 0, 0, 1)) });
    expect(wgslLoops(graph, { a: "w", b: "short" }, 8)).toBeUndefined();
    const made = wgslLoops(graph, { b: "short" }, 8);
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
