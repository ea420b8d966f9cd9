import * as g from "@gen/graph";
import * as c from "@gen/graph/compiler";
import { evaluate } from "@gen/graph/evaluate";
import {
  agreement,
  agrees,
  type Case,
  fails,
  matches,
  same,
  tensorsFor,
  uploadAll,
} from "./case.ts";

const signature = { x: { shape: ["batch", 3] }, t: { shape: ["batch"], dtype: "int64" } } as const;
const weight = () => g.parameter("weight", g.tensor([1, 2, 3, 4, 5, 6], [3, 2]));
const affine = (w: g.Expr) =>
  g.trace(({ x }) => ({ y: g.add(g.matmul(x, w), 1) }), { x: signature.x });

/** Whole graphs: names, parameters, inputs that are wrong. */
export const graphs: Case[] = [
  agreement("several outputs, one value under two names", signature, ({ x, t }) => {
    const y = g.mul(x, 2);
    return { y, again: y, sum: g.sum(y, [1]), t: g.cast(t, "float32") };
  }),
  agreement("outputs that are inputs or constants", signature, ({ x, t }) => ({
    x,
    copy: x,
    t,
    three: g.constant(3),
    y: g.add(x, 1),
  })),
  agreement("an unused input", signature, ({ x }) => ({ y: g.exp(x) })),
  agreement("no outputs of the last step", signature, ({ x }) => ({
    a: g.neg(x),
    b: g.exp(g.neg(x)),
  })),
  {
    name: "a graph without inputs",
    async run(backend, limits) {
      const w = weight();
      await matches(backend, g.graphOf({ w, twice: g.mul(w, 2) }), {}, limits);
    },
  },
  {
    name: "parameters baked in, and as inputs",
    async run(backend, limits) {
      const graph = affine(weight());
      const tensors = tensorsFor({ x: signature.x }, 2);
      await matches(backend, graph, tensors, limits);
      const value = g.tensor([0, 1, 0, 2, 0, 3], [3, 2]);
      await matches(backend, c.parametersAsInputs(graph), { ...tensors, weight: value }, limits);
    },
  },
  {
    name: "a parameter keeps the value it had when it was compiled",
    async run(backend, { tolerance }) {
      const w = weight();
      const graph = affine(w);
      const tensors = tensorsFor({ x: signature.x }, 2);
      const wanted = evaluate(graph, tensors);
      const program = await backend.compile(graph);
      Object.assign(w, { value: g.tensor([9, 9, 9, 9, 9, 9], [3, 2]) });
      const { x } = uploadAll(backend, tensors);
      const { y } = await program.run({ x });
      await agrees(backend, "y", y, wanted.y, "float32", tolerance);
      backend.dispose(x, y);
      await program.dispose();
    },
  },
  {
    name: "an output of one run is an input of the next",
    async run(backend) {
      const program = await backend.compile(
        g.trace(({ w }) => ({ w: g.mul(w, 0.5) }), { w: { shape: [2] } }),
      );
      let w = backend.upload([16, -8], [2]);
      for (let i = 0; i < 3; i++) {
        const next = await program.run({ w });
        backend.dispose(w);
        w = next.w;
      }
      same("w", [...(await backend.download(w))], [2, -1]);
      backend.dispose(w);
      await program.dispose();
    },
  },
  {
    name: "wrong inputs are refused by name",
    async run(backend) {
      const graph = g.trace(({ x, t }) => ({ y: g.add(x, 1), u: g.add(t, 1) }), signature);
      const program = await backend.compile(graph);
      const x = backend.upload([1, 2, 3, 4, 5, 6], [2, 3]);
      const t = backend.upload([1, 2], [2], "int64");
      const three = backend.upload([1, 2, 3], [3], "int64");
      const wide = backend.upload([1, 2, 3, 4], [1, 4]);
      const flat = backend.upload([1, 2, 3], [3]);
      const run = (inputs: Record<string, typeof x>) => () => program.run(inputs);
      await fails("missing", run({ x }), "t", "int64 [batch]", "missing");
      await fails("unknown", run({ x, t, z: t }), "z", "x, t");
      await fails("dtype", run({ x, t: flat }), "t", "int64 [batch]", "float32 [3]");
      await fails("shape", run({ x: wide, t }), "x", "[batch, 3]", "[1, 4]");
      await fails("rank", run({ x: flat, t }), "x", "[batch, 3]", "[3]");
      await fails("batch", run({ x, t: three }), "t", "[batch]", "batch = 2", "[3]");
      await fails("length", () => backend.upload([1, 2, 3], [2, 2]), "[2, 2]", "4", "3");
      backend.dispose(x, t, three, wide, flat);
      await program.dispose();
      same("live", backend.memory().live, 0);
    },
  },
  {
    name: "uploads of every dtype come back",
    async run(backend, { without = [] }) {
      const dtypes: g.DType[] = ["float32", "float64", "float16", "int32", "int64", "bool"];
      for (const dtype of dtypes.filter((d) => !without.includes(d))) {
        const values = dtype === "bool" ? [1, 0, 1] : [3, -7, 100];
        const held = backend.upload(values, [3], dtype);
        same(dtype, [...(await backend.download(held))], values);
        backend.dispose(held);
      }
      const bits = backend.upload(Uint16Array.of(0x3c00, 0xc000), [2], "float16");
      same("bits of halves", [...(await backend.download(bits))], [1, -2]);
      const big = backend.upload(BigInt64Array.of(5n, -6n), [2], "int64");
      same("BigInt64Array", [...(await backend.download(big))], [5, -6]);
      const empty = backend.upload([], [0, 3]);
      same("no elements", (await backend.download(empty)).length, 0);
      backend.dispose(bits, big, empty);
    },
  },
];
