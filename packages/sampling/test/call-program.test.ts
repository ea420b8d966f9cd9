import { add, mul, trace } from "@gen/graph";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { expect, it } from "vitest";
import { callProgram } from "../src/index.ts";

it("gives every output's numbers, and frees what it uploaded and made, also where it fails", async () => {
  const backend = cpuBackend();
  const shape = [2];
  const graph = trace(({ x, y }) => ({ sum: add(x, y), product: mul(x, y) }), {
    x: { shape },
    y: { shape },
  });
  const program = await backend.compile(graph);
  const [x, y] = [
    { data: [1, 2], shape },
    { data: Float64Array.of(3, 4), shape },
  ];
  const { sum, product } = await callProgram(backend, program, { x, y });
  expect([...sum, ...product]).toEqual([4, 6, 3, 8]);
  await expect(callProgram(backend, program, { x })).rejects.toThrow(
    "input y float32 [2] is missing",
  );
  const short = { data: [1], shape };
  await expect(callProgram(backend, program, { x, y: short })).rejects.toThrow("takes 2 elements");
  expect(backend.memory().live).toBe(0);
});
