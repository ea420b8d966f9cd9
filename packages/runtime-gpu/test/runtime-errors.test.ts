import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as g from "@gen/graph";
import { errorCode } from "@gen/math";
import { describe, expect, it } from "vitest";
import { onnxBackend } from "../src/onnx.ts";
import { tfjsBackend } from "../src/tfjs.ts";

// An index past the end, which only the runtime sees.
const graph = g.trace(({ x, i }) => ({ y: g.gather(x, i, 0) }), {
  x: { shape: ["n"] },
  i: { shape: ["m"], dtype: "int64" },
});

describe.each([
  ["onnx/node-cpu", () => onnxBackend({ provider: "cpu" })],
  ["onnx/wasm", () => onnxBackend({ provider: "wasm" })],
  ["onnx/node-cpu", () => onnxBackend({ worker: true })],
  ["tfjs/wasm", () => tfjsBackend()],
  ["tfjs/cpu", () => tfjsBackend({ device: "cpu" })],
] as const)("%s", (name, open) => {
  it("fails in a run with our own error, and lives on", async () => {
    const backend = await open();
    const program = await backend.compile(graph);
    const x = backend.upload([5, 6], [2]);
    const bad = backend.upload([0, 9], [2], "int64");
    const good = backend.upload([1], [1], "int64");
    const error = await program.run({ x, i: bad }).catch((error) => error);
    expect(errorCode(error)).toBe("backend-failed");
    expect(error.message).toMatch(
      new RegExp(`^${name} failed while running a model \\(inputs x, i; outputs y\\): .*9`),
    );
    expect(error.message).toMatch(/^[ -~]{1,500}$/);
    const { y } = await program.run({ x, i: good });
    expect(await backend.download(y)).toEqual(Float32Array.of(6));
    await backend.close();
  });
});

it.each(["cpu", "wasm"])("on %s the runtime's own lines come only with GEN_DEBUG", (provider) => {
  const script = `
    import * as g from "@gen/graph";
    import { onnxBackend } from "@gen/runtime-gpu/onnx";
    const backend = await onnxBackend({ provider: "${provider}", threads: 1 });
    const signature = { x: { shape: [2] }, i: { shape: [1], dtype: "int64" } };
    const program = await backend.compile(g.trace(({ x, i }) => ({ y: g.gather(x, i, 0) }), signature));
    const inputs = { x: backend.upload([1, 2], [2]), i: backend.upload([9], [1], "int64") };
    await program.run(inputs).catch(() => undefined);
    process.exit();
  `;
  const stderrOf = (debug: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      env: { ...process.env, GEN_DEBUG: debug },
      encoding: "utf8",
    }).stderr;
  expect(stderrOf("")).toBe("");
  expect(stderrOf("1")).toContain("onnxruntime");
});
