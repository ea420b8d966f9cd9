import { add, graphOf, input, mul } from "@gen/graph";
import { expect, it } from "vitest";
import { hostDevice } from "../src/onnx/host-device.ts";
import { releaseMemory } from "../src/onnx/release-memory.ts";
import { loadNode, loadWeb } from "../src/onnx/runtime.ts";

const size = 2 ** 16;

it("empties only a large array that shares its memory with no other", () => {
  const large = new Float32Array(size);
  releaseMemory(large);
  expect(large.length).toBe(0);
  const small = new Float32Array(16);
  const part = new Float32Array(new ArrayBuffer(8 * size), 0, size);
  const shared = new Float32Array(new SharedArrayBuffer(4 * size));
  for (const kept of [small, part, shared]) {
    const { length } = kept;
    releaseMemory(kept);
    expect(kept.length).toBe(length);
  }
});

it.each([
  ["onnxruntime-node", "native", loadNode],
  ["onnxruntime-web", "wasm", () => loadWeb("wasm")],
] as const)(
  "%s: freeing a tensor frees its array, not the caller's nor another tensor's",
  async (_, build, load) => {
    const device = hostDevice("test", build, await load(), {});
    const x = input("x", { shape: [size] });
    const program = await device.compile(graphOf({ same: mul(x, 1), twice: add(x, x) }));
    const mine = new Float32Array(size).fill(3);
    const held = device.write(mine, [size], "float32");
    const { same, twice } = await program.run(new Map([["x", held]]), new Map() as never);
    const freed = held.data;
    device.free(held);
    expect(freed.length).toBe(0);
    expect(mine[size - 1]).toBe(3);
    device.free(same);
    expect(twice.data[size - 1]).toBe(6);
    device.free(twice);
    await program.dispose();
  },
);
