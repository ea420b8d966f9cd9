import * as g from "@gen/graph";
import { expect, it, vi } from "vitest";
import { onnxBackend } from "../src/onnx.ts";

it("a loop over millions of elements lets the event loop turn between its parts", async () => {
  const backend = await onnxBackend({ provider: "cpu" });
  const turnsFor = async (length: number) => {
    const [w, slope] = ["w", "slope"].map((name) => g.input(name, { shape: [length] }));
    const graph = g.graphOf({ next: g.sub(w, g.mul(slope, 0.5)) });
    const program = await backend.compile(graph, { inPlace: { next: "w" } });
    const upload = (value: number) =>
      backend.upload(new Float32Array(length).fill(value), [length]);
    const steepness = upload(2);
    const turns = vi.spyOn(globalThis, "setImmediate");
    const first = await program.run({ w: upload(3), slope: steepness });
    const copied = turns.mock.calls.length;
    const second = await program.run({ w: first.next, slope: steepness });
    const all = turns.mock.calls.length;
    turns.mockRestore();
    const numbers = await backend.download(second.next);
    expect(numbers.every((v) => v === 1)).toBe(true);
    backend.dispose(second.next, steepness);
    await program.dispose();
    return [copied, all - copied];
  };
  expect(await turnsFor(2 ** 22)).toEqual([0, 0]);
  // Three parts, and each operand in three copies; the weights are copied once.
  expect(await turnsFor(2 ** 23 + 4)).toEqual([6, 4]);
  await backend.close();
});
