import { GenError } from "@gen/math";
import { expect, it } from "vitest";
import { peerError } from "../src/errors.ts";
import { backendNames, backends, bestBackend, openBackend } from "../src/index.ts";

it("a package that is not installed is named with the command that installs it", async () => {
  const name = "onnxruntime-nowhere";
  const cause = await import(/* @vite-ignore */ name).catch((error) => error);
  expect(peerError(name, cause)).toEqual(
    new GenError(
      "backend-unavailable",
      "onnxruntime-nowhere is not installed; run: npm install onnxruntime-nowhere",
    ),
  );
});

it("every backend opens under its own name, or says why not", async () => {
  const list = await backends();
  expect(list.map((b) => b.name)).toEqual(backendNames());
  for (const { name, available, reason } of list) {
    if (available) {
      const backend = await openBackend(name);
      expect(backend.name).toBe(name);
      await backend.close();
    } else {
      expect(reason).toMatch(/^[^\n]{10,}$/);
    }
  }
  const opened = list.filter((b) => b.available).map((b) => b.name);
  expect(opened).toEqual(
    expect.arrayContaining(["onnx/node-cpu", "onnx/wasm", "tfjs/wasm", "cpu"]),
  );
});

it("the best backend is the first that can be opened", async () => {
  const refused: string[] = [];
  const backend = await bestBackend({
    prefer: ["tfjs/webgpu", "nonsense", "cpu", "tfjs/cpu"],
    onRefused: (name, reason) => refused.push(`${name}: ${reason}`),
  });
  expect(backend.name).toBe("cpu");
  expect(refused).toHaveLength(2);
  expect(refused[1]).toMatch(/^nonsense: backend must be one of .*cpu.*, got nonsense$/);
  await expect(bestBackend({ prefer: ["nonsense"] })).rejects.toThrow(/no backend .*nonsense/);
  await expect(openBackend("toString")).rejects.toThrow(
    expect.objectContaining({ name: "GenError", code: "backend-unavailable" }),
  );
});
