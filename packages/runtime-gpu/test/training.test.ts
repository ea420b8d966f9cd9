import * as g from "@gen/graph";
import { expect, it } from "vitest";
import { cpuBackend } from "../src/cpu.ts";
import type { Backend, DeviceTensor } from "../src/index.ts";
import { onnxBackend } from "../src/onnx.ts";
import { tfjsBackend } from "../src/tfjs.ts";
import { eighths } from "./conformance/case.ts";

const shapes = { w1: [2, 16], b1: [16], w2: [16, 16], b2: [16], w3: [16, 1], b3: [1] };
type Name = keyof typeof shapes;
const names = Object.keys(shapes) as Name[];

/** One step of gradient descent with momentum on a small network, as one graph. */
function stepGraph(): g.Graph {
  const signature: Record<string, g.Signature> = {
    x: { shape: ["batch", 2] },
    y: { shape: ["batch", 1] },
  };
  for (const name of names) {
    signature[name] = signature[`velocity.${name}`] = { shape: shapes[name] };
  }
  return g.trace((i) => {
    const layer = (x: g.Expr, n: 1 | 2 | 3) => g.add(g.matmul(x, i[`w${n}`]), i[`b${n}`]);
    const hidden = g.silu(layer(g.tanh(layer(i.x, 1)), 2));
    const loss = g.mean(g.square(g.sub(layer(hidden, 3), i.y)));
    const slopes = g.gradients(
      loss,
      names.map((n) => i[n]),
    );
    const out: Record<string, g.Expr> = { loss };
    for (const [k, name] of names.entries()) {
      const velocity = g.add(g.mul(i[`velocity.${name}`], 0.9), slopes[k]);
      out[`velocity.${name}`] = velocity;
      out[name] = g.sub(i[name], g.mul(velocity, 0.02));
    }
    return out;
  }, signature);
}

async function lossCurve(backend: Backend<DeviceTensor>, steps: number): Promise<number[]> {
  const program = await backend.compile(stepGraph());
  let state: Record<string, DeviceTensor> = {};
  for (const [k, name] of names.entries()) {
    const size = shapes[name].reduce((a, b) => a * b, 1);
    state[name] = backend.upload(
      eighths(size, k, -1, 1).map((v) => v / 2),
      shapes[name],
    );
    state[`velocity.${name}`] = backend.upload(new Float32Array(size), shapes[name]);
  }
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const points = eighths(64, step, -2, 2);
    const x = backend.upload(points, [32, 2]);
    const target = Array.from(
      { length: 32 },
      (_, i) => Math.sin(points[2 * i]) * points[2 * i + 1],
    );
    const y = backend.upload(target, [32, 1]);
    const { loss, ...next } = await program.run({ ...state, x, y });
    backend.dispose(x, y, ...Object.values(state));
    state = next;
    losses.push((await backend.download(loss))[0]);
    backend.dispose(loss);
  }
  expect(backend.memory().live).toBe(2 * names.length);
  await backend.close();
  return losses;
}

it("a network trains to the same loss curve on every backend", async () => {
  const wanted = await lossCurve(cpuBackend(), 100);
  expect(Math.max(...wanted.slice(-10))).toBeLessThan(0.2 * wanted[0]);
  for (const backend of [
    await onnxBackend({ provider: "cpu" }),
    await onnxBackend({ provider: "wasm" }),
    await tfjsBackend({ device: "wasm" }),
    await tfjsBackend({ device: "cpu" }),
  ]) {
    const got = await lossCurve(backend, 100);
    got.forEach((loss, step) => {
      expect(Math.abs(loss / wanted[step] - 1), `${backend.name} step ${step}`).toBeLessThan(1e-4);
    });
  }
});
