import * as g from "@gen/graph";
import type { Backend, DeviceTensor } from "../../src/index.ts";
import { type Case, check, fails, same } from "./case.ts";

const network = () => {
  const w = g.parameter("w", g.tensor([1, -1, 2, 0.5], [2, 2]));
  return g.trace(
    ({ x }) => {
      const h = g.silu(g.matmul(x, w));
      return { y: g.softmax(g.add(h, g.gelu(h))), mean: g.mean(h) };
    },
    { x: { shape: ["batch", 2] } },
  );
};

/** Gradient descent to a target: `next = w - rate (w - target)`, and a mean of all w. */
const descent = () =>
  g.trace(
    ({ w, m, target, rate }) => {
      const next = g.sub(w, g.mul(g.sub(w, target), rate));
      const mean = g.mul(g.add(m, next), 0.5);
      return { next, mean, loss: g.sum(g.square(g.sub(w, target))) };
    },
    { w: { shape: [3] }, m: { shape: [3] }, target: { shape: [3] }, rate: { shape: [1] } },
  );

const values = async (backend: Backend<DeviceTensor>, of: DeviceTensor) => [
  ...(await backend.download(of)),
];

/** Who owns what, and for how long. */
export const lifetimes: Case[] = [
  {
    name: "live tensors and bytes are counted",
    async run(backend) {
      same("live at first", backend.memory().live, 0);
      const a = backend.upload([1, 2, 3, 4], [2, 2]);
      const b = backend.upload([1, 2], [2], "int64");
      const { live, bytes, peakBytes } = backend.memory();
      same("live", live, 2);
      same("bytes", bytes, 32);
      check(peakBytes >= 32, `peakBytes: ${peakBytes} is less than what is alive`);
      backend.dispose(a, b);
      backend.dispose(a);
      same("after", [backend.memory().live, backend.memory().bytes], [0, 0]);
      same("peak stays", backend.memory().peakBytes, peakBytes);
    },
  },
  {
    name: "200 runs leave memory as it was",
    async run(backend) {
      const program = await backend.compile(network());
      let peak = 0;
      for (let i = 0; i < 200; i++) {
        const x = backend.upload([i, 1, 2, -3], [2, 2]);
        const { y, mean } = await program.run({ x });
        backend.dispose(x, y, mean);
        same(`live after run ${i}`, backend.memory().live, 0);
        peak ||= backend.memory().peakBytes;
      }
      same("peakBytes", backend.memory().peakBytes, peak);
      await program.dispose();
    },
  },
  {
    name: "a program can be disposed twice, and not run afterwards",
    async run(backend) {
      const program = await backend.compile(network());
      const x = backend.upload([1, 2], [1, 2]);
      await program.dispose();
      await program.dispose();
      await fails("run", () => program.run({ x }), "disposed");
      backend.dispose(x);
    },
  },
  {
    name: "a disposed tensor is refused",
    async run(backend) {
      const program = await backend.compile(network());
      const x = backend.upload([1, 2], [1, 2]);
      backend.dispose(x);
      await fails("run", () => program.run({ x }), "float32 [1, 2]", "disposed");
      await fails("download", () => backend.download(x), "float32 [1, 2]", "disposed");
      await program.dispose();
    },
  },
  {
    name: "an upload is a copy",
    async run(backend) {
      for (const [array, dtype] of [
        [Float32Array.of(1, 2), "float32"],
        [Int32Array.of(1, 2), "int32"],
        [Uint8Array.of(1, 0), "bool"],
        [Float64Array.of(1, 2), "float32"],
      ] as const) {
        const before = [...array];
        const held = backend.upload(array, [2], dtype);
        array.fill(0);
        const got = await backend.download(held);
        same(dtype, [...got], before);
        got.fill(7);
        same(`${dtype} again`, await values(backend, held), before);
        backend.dispose(held);
      }
    },
  },
  {
    name: "an output outlives the input that it equals",
    async run(backend) {
      const graph = g.trace(({ x }) => ({ x, again: x, r: g.reshape(x, [2, 1]) }), {
        x: { shape: [2] },
      });
      const program = await backend.compile(graph);
      const x = backend.upload([4, 5], [2]);
      const out = await program.run({ x });
      backend.dispose(x);
      backend.dispose(out.x);
      same("again", await values(backend, out.again), [4, 5]);
      backend.dispose(out.again);
      same("r", await values(backend, out.r), [4, 5]);
      backend.dispose(out.r);
      same("live", backend.memory().live, 0);
      await program.dispose();
    },
  },
  {
    name: "an output outlives its program",
    async run(backend) {
      const program = await backend.compile(network());
      const x = backend.upload([1, 2], [1, 2]);
      const { y, mean } = await program.run({ x });
      await program.dispose();
      const [a, b] = await values(backend, y);
      check(Math.abs(a + b - 1) < 1e-5, `softmax sums to ${a + b}`);
      backend.dispose(x, y, mean);
      same("live", backend.memory().live, 0);
    },
  },
  {
    name: "outputs in place take their inputs over",
    async run(backend) {
      const program = await backend.compile(descent(), { inPlace: { next: "w", mean: "m" } });
      let state = { w: backend.upload([4, 8, -4], [3]), m: backend.upload([0, 0, 0], [3]) };
      const first = state;
      const target = backend.upload([0, 4, 0], [3]);
      const rate = backend.upload([0.5], [1]);
      for (const wanted of [
        [2, 6, -2],
        [1, 5, -1],
        [0.5, 4.5, -0.5],
      ]) {
        const { next, mean, loss } = await program.run({ ...state, target, rate });
        state = { w: next, m: mean };
        same("next", await values(backend, next), wanted);
        same("live", backend.memory().live, 5);
        backend.dispose(loss);
      }
      same("mean", await values(backend, state.m), [0.75, 4.25, -0.75]);
      await fails("the first again", () => program.run({ ...first, target, rate }), "disposed");
      await program.dispose();
      same("after dispose", await values(backend, state.w), [0.5, 4.5, -0.5]);
      backend.dispose(state.w, state.m, target, rate);
      same("live at the end", backend.memory().live, 0);
    },
  },
  {
    name: "states in place do not disturb one another",
    async run(backend) {
      const inPlace = { next: "w", mean: "m" };
      const programs = [
        await backend.compile(descent(), { inPlace }),
        await backend.compile(descent(), { inPlace }),
      ];
      const target = backend.upload([0, 0, 0], [3]);
      const rate = backend.upload([0.5], [1]);
      const states = [8, 16, 24].map((v) => ({
        w: backend.upload([v, v, v], [3]),
        m: backend.upload([0, 0, 0], [3]),
      }));
      for (let round = 0; round < 3; round++) {
        const running = states.map(({ w, m }, i) =>
          programs[(round + i) % 2].run({ w, m, target, rate }),
        );
        for (const [i, results] of (await Promise.all(running)).entries()) {
          states[i] = { w: results.next, m: results.mean };
          backend.dispose(results.loss);
        }
      }
      for (const [i, { w }] of states.entries()) {
        same(`state ${i}`, await values(backend, w), Array(3).fill(i + 1));
      }
      backend.dispose(target, rate, ...states.flatMap(({ w, m }) => [w, m]));
      same("live", backend.memory().live, 0);
      for (const program of programs) await program.dispose();
    },
  },
  {
    name: "a run that fails gives inputs in place back",
    async run(backend) {
      const program = await backend.compile(descent(), { inPlace: { next: "w" } });
      const [w, m, target] = [1, 2, 3].map((v) => backend.upload([v, v, v], [3]));
      await fails("run", () => program.run({ w, m, target }), "rate", "missing");
      same("w", await values(backend, w), [1, 1, 1]);
      const rate = backend.upload([0.5], [1]);
      await fails("twice", () => program.run({ w, m: w, target, rate }), "w", "in place", "m");
      same("w again", await values(backend, w), [1, 1, 1]);
      await fails(
        "compile",
        () => backend.compile(descent(), { inPlace: { loss: "w" } }),
        "inPlace",
        "loss",
      );
      backend.dispose(w, m, target, rate);
      same("live", backend.memory().live, 0);
      await program.dispose();
    },
  },
  {
    name: "inputs may be disposed while a run still needs them",
    async run(backend) {
      const program = await backend.compile(
        g.trace(({ x }) => ({ y: g.mul(x, 2) }), { x: { shape: ["n"] } }),
      );
      const runs = [];
      for (let i = 1; i <= 4; i++) {
        const x = backend.upload([i, i + 0.5], [2]);
        runs.push(program.run({ x }));
        backend.dispose(x);
      }
      backend.dispose(backend.upload([9, 9], [2]));
      for (const [i, { y }] of (await Promise.all(runs)).entries()) {
        const reading = values(backend, y);
        backend.dispose(y);
        same(`run ${i}`, await reading, [2 * i + 2, 2 * i + 3]);
      }
      await program.dispose();
      same("live", backend.memory().live, 0);
    },
  },
  {
    name: "a tensor may be disposed of while it is being read or used",
    async run(backend) {
      const program = await backend.compile(
        g.trace(({ x }) => ({ y: g.add(x, 1) }), { x: { shape: [3] } }),
      );
      let x = backend.upload([1, 2, 3], [3]);
      const readings = [];
      for (let i = 0; i < 4; i++) {
        readings.push(values(backend, x), values(backend, x));
        const running = program.run({ x });
        backend.dispose(x);
        same(`live while run ${i} is under way`, backend.memory().live, 0);
        x = (await running).y;
      }
      const last = values(backend, x);
      backend.dispose(x);
      // What is made meanwhile takes no memory that is still being read.
      backend.dispose(backend.upload([9, 9, 9], [3]));
      for (const [i, reading] of readings.entries()) {
        const step = Math.floor(i / 2);
        same(`reading ${i}`, await reading, [step + 1, step + 2, step + 3]);
      }
      same("the last", await last, [5, 6, 7]);
      same("live", backend.memory().live, 0);
      await program.dispose();
    },
  },
  {
    name: "a run that fails keeps no tensor",
    async run(backend) {
      const program = await backend.compile(network());
      const x = backend.upload([1, 2, 3], [1, 3]);
      await fails("run", () => program.run({ x }), "[batch, 2]", "[1, 3]");
      backend.dispose(x);
      same("live", backend.memory().live, 0);
      await program.dispose();
    },
  },
  {
    name: "close frees programs and tensors, and ends the backend",
    async run(backend) {
      const program = await backend.compile(network());
      const x = backend.upload([1, 2], [1, 2]);
      await program.run({ x });
      check(backend.memory().live >= 3, "tensors should be alive before close");
      await backend.close();
      await backend.close();
      same("live", [backend.memory().live, backend.memory().bytes], [0, 0]);
      await fails("upload", () => backend.upload([1], [1]), backend.name, "closed");
      await fails("compile", () => backend.compile(network()), backend.name, "closed");
      await fails("run", () => program.run({ x }), "closed");
      backend.dispose(x);
    },
  },
];
