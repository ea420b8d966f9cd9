import * as g from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import type { Backend, DeviceTensor } from "../../../src/index.ts";
import { check, same } from "../../conformance/case.ts";
import { sampleOnce } from "../../step-loop.ts";
import { openHere } from "./subjects.ts";

const capturing = "onnx/webgpu, capturing";

/**
 * A backend whose programs first run on zeros, so that a test sees replayed commands on other
 * numbers than the recorded ones.
 */
export function warmed(backend: Backend<DeviceTensor>): Backend<DeviceTensor> {
  return {
    ...backend,
    async compile(graph, options) {
      const program = await backend.compile(graph, options);
      const seen = new Set<string>();
      return {
        ...program,
        async run(inputs) {
          const shapes = JSON.stringify(Object.values(inputs).map(({ shape }) => shape));
          if (seen.has(shapes)) return program.run(inputs);
          seen.add(shapes);
          const zeros = Object.entries(inputs).map(([name, { shape, dtype }]) => {
            const size = shape.reduce((a, b) => a * b, 1);
            return [name, backend.upload(new Array(size).fill(0), shape, dtype)] as const;
          });
          const warming = program.run(Object.fromEntries(zeros));
          backend.dispose(...zeros.map(([, tensor]) => tensor));
          const running = program.run(inputs);
          backend.dispose(...Object.values(await warming));
          return running;
        },
      };
    },
  };
}

type Inputs = Record<string, g.Tensor>;

/** Why a graph runs uncaptured. Checks that each run has the values of the evaluation. */
async function reasonsFor(graph: g.Graph, ...runs: Inputs[]): Promise<string[]> {
  const reasons: string[] = [];
  const onUncaptured = (reason: string) => reasons.push(reason);
  const backend = await openHere(capturing, undefined, { onUncaptured });
  const program = await backend.compile(graph);
  for (const inputs of runs) {
    const given = Object.entries(inputs).map(([name, { data, shape, dtype }]) => {
      return [name, backend.upload(data, shape, dtype)] as const;
    });
    const outputs = await program.run(Object.fromEntries(given));
    const wanted = evaluate(graph, inputs);
    for (const [name, tensor] of Object.entries(outputs)) {
      const got = await backend.download(tensor);
      const numbers = g.tensorNumbers(wanted[name]);
      const error = Math.max(...Array.from(got, (v, i) => Math.abs(v / numbers[i] - 1)));
      check(!(error > 1e-4), `${name}: got ${got}, wanted ${numbers}`);
    }
    backend.dispose(...given.map(([, tensor]) => tensor), ...Object.values(outputs));
  }
  await program.dispose();
  same("live", backend.memory().live, 0);
  await backend.close();
  return reasons;
}

const vector = (values: number[], dtype: g.DType = "float32") =>
  g.tensor(values, [values.length], dtype);
const ones = (n: number) => ({ x: vector(new Array(n).fill(1)) });
const twos = (n: number) => ({ x: vector(new Array(n).fill(2)) });

/** Why each graph runs uncaptured; none computes wrong values. */
export async function uncaptured(): Promise<Record<string, string[]>> {
  const of = (f: (x: g.Expr) => Record<string, g.Expr>, ...shape: g.Dim[]) =>
    g.trace(({ x }) => f(x), { x: { shape } });
  const timed = g.trace(({ t }) => ({ y: g.mul(g.cast(t, "float32"), 2) }), {
    t: { shape: [2], dtype: "int64" },
  });
  const time = (...values: number[]) => ({ t: vector(values, "int64") });
  const weight = g.parameter("w", vector([3]));
  const changed = of((x) => ({ y: g.mul(x, weight) }), "n");
  const sizes = of((x) => ({ y: g.exp(g.mul(x, 0.5)) }), "n");
  const many = [1, 2, 3, 4, 5, 6, 1, 6].flatMap((n) => [ones(n), twos(n)]);
  const looped: string[] = [];
  const looping = await openHere(capturing, undefined, { onUncaptured: (r) => looped.push(r) });
  await sampleOnce(looping, { steps: 3, size: 8 });
  await looping.close();
  const found = {
    loop: looped,
    network: await reasonsFor(
      of((x) => ({ y: g.softmax(g.silu(x)), m: g.mean(x) }), 3),
      ones(3),
      twos(3),
    ),
    sizes: await reasonsFor(sizes, ...many),
    times: await reasonsFor(timed, time(1, 2), time(999, -3)),
    "a large time": await reasonsFor(timed, time(1, 2), time(2 ** 40, 5), time(3, 4)),
    sign: await reasonsFor(
      of((x) => ({ y: g.sign(x) }), 2),
      ones(2),
      twos(2),
    ),
    copy: await reasonsFor(
      of((x) => ({ y: g.reshape(x, [2, 1]) }), 2),
      ones(2),
      twos(2),
    ),
    "int64 arithmetic": await reasonsFor(
      g.trace(({ t }) => ({ y: g.cast(g.mul(t, t), "float32") }), {
        t: { shape: [1], dtype: "int64" },
      }),
      time(5),
      time(70_000),
    ),
    empty: await reasonsFor(sizes, { x: g.tensor([], [0]) }, twos(2)),
  };
  const backend = await openHere(capturing);
  const program = await backend.compile(changed);
  Object.assign(weight, { value: vector([5]) });
  const x = backend.upload([2], [1]);
  const { y } = await program.run({ x });
  same("a parameter as it was", [...(await backend.download(y))], [6]);
  await backend.close();
  return found;
}
