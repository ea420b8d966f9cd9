import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as g from "@gen/graph";
import { errorCode } from "@gen/math";
import { expect, it } from "vitest";
import { onnxBackend } from "../src/onnx.ts";
import { startProcess } from "../src/remote/start-process.ts";
import { remoteBackend } from "../src/remote/worker-backend.ts";
import { tfjsBackend } from "../src/tfjs.ts";

const dying = fileURLToPath(new URL("./programs/dying.mjs", import.meta.url));
const open = (how: string) => remoteBackend(startProcess("onnx", dying), { how });
const graph = g.trace(({ x }) => ({ y: g.mul(x, 2) }), { x: { shape: ["n"] } });
const rejection = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error as Error,
  );

it.each([
  ["SIGSEGV", /died of SIGSEGV/],
  ["SIGFPE", /died of SIGFPE/],
  ["SIGKILL", /died of SIGKILL .*memory/],
  ["memory", /died of (SIGABRT|SIGTRAP) .*heap out of memory/],
  ["exit", /ended with code 3 .*the last line/],
])("%s in a run is one error, and the parent lives on", async (how, message) => {
  const backend = await open(how);
  const program = await backend.compile(graph);
  const x = backend.upload([1, 2], [2]);
  const [first, second] = await Promise.all([
    rejection(program.run({ x })),
    rejection(program.run({ x })),
  ]);
  expect(first?.message).toMatch(message);
  expect(first?.message).toMatch(/running a model \(inputs x; outputs y\).*open a new backend/);
  expect(first?.message).toMatch(/^[ -~]{1,500}$/);
  expect([first, second].map(errorCode)).toEqual(["backend-crashed", "backend-crashed"]);
  // Every later use says the same.
  expect(() => backend.upload([1], [1])).toThrow(first?.message);
  expect(await rejection(backend.compile(graph))).toBe(first);
  expect(await rejection(program.run({ x }))).toBe(first);
  backend.dispose(x);
  await program.dispose();
  await backend.close();
  expect(backend.memory().live).toBe(0);
});

// On other processors the quotient wraps around.
it.skipIf(process.arch !== "x64")(
  "a division that ends ONNX Runtime is one error of an isolated backend",
  async () => {
    const int32: g.Signature = { shape: ["n"], dtype: "int32" };
    const quotient = g.trace(({ x, by }) => ({ y: g.div(x, by) }), { x: int32, by: int32 });
    const backend = await onnxBackend({ isolate: true });
    const program = await backend.compile(quotient);
    const divide = (x: number, by: number) => {
      const [operand, divisor] = [x, by].map((v) => backend.upload(Int32Array.of(v), [1], "int32"));
      return rejection(program.run({ x: operand, by: divisor }));
    };
    expect(await divide(7, -1)).toBeUndefined();
    expect(errorCode(await divide(7, 0))).toBe("backend-failed");
    const error = await divide(-(2 ** 31), -1);
    expect(errorCode(error)).toBe("backend-crashed");
    expect(error?.message).toMatch(/died of SIGFPE while running a model .*open a new backend/);
    await backend.close();
  },
);

it("a program that cannot start is one error", async () => {
  const opening = remoteBackend(startProcess("onnx", `${dying}.missing`), {});
  expect(errorCode(await rejection(opening))).toBe("backend-crashed");
});

it("options that cannot be sent are refused by name", async () => {
  for (const [name, value] of Object.entries({
    onUncaptured: () => {},
    gpuDevice: {},
    runtime: {},
  })) {
    const opening = onnxBackend({ worker: true, [name]: value } as never);
    await expect(opening).rejects.toThrow(new RegExp(`^${name} cannot be sent to a worker`));
  }
});

it("a failure to open crosses over with its code", async () => {
  for (const where of ["worker", "isolate"] as const) {
    const error = await rejection(tfjsBackend({ [where]: true, device: "webgl" }));
    expect(errorCode(error)).toBe("backend-unavailable");
    expect(error?.message).toContain("tfjs/webgl did not start");
  }
});

it("a killed parent leaves no process, also while a run blocks it", async () => {
  const script = `
    import { startProcess } from ${JSON.stringify(new URL("../dist/remote/start-process.js", import.meta.url).href)};
    import { remoteBackend } from ${JSON.stringify(new URL("../dist/remote/worker-backend.js", import.meta.url).href)};
    import { mul, trace } from "@gen/graph";
    const backend = await remoteBackend(startProcess("onnx", ${JSON.stringify(dying)}), { how: "hang" });
    const program = await backend.compile(trace(({ x }) => ({ y: mul(x, 2) }), { x: { shape: [1] } }));
    program.run({ x: backend.upload([1], [1]) });
    setTimeout(() => console.log("running"), 100);
  `;
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const args = ["--input-type=module", "-e", script];
  const parent = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  await once(parent.stdout, "data");
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const path = `/proc/${parent.pid}/task/${parent.pid}/children`;
  const children = readFileSync(path, "utf8").trim().split(" ").map(Number);
  expect(children).toHaveLength(1);
  parent.kill("SIGKILL");
  await once(parent, "close");
  const alive = () => {
    try {
      return process.kill(children[0], 0);
    } catch {
      return false;
    }
  };
  await expect.poll(alive, { timeout: 10_000 }).toBe(false);
});

it("a process with an open backend can exit", async () => {
  for (const where of ["worker", "isolate"]) {
    const script = `
      import { onnxBackend } from "@gen/runtime-gpu/onnx";
      const backend = await onnxBackend({ ${where}: true });
      console.log(backend.name);
    `;
    const cwd = fileURLToPath(new URL("..", import.meta.url));
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd,
      stdio: ["ignore", "ignore", "inherit"],
    });
    expect(await once(child, "close")).toEqual([0, null]);
  }
});
