// A pipeline that draws several times: what is compiled again, and what is freed.
import { add, constant, type Expr, matmul, mul, tensor, trace } from "@gen/graph";
import { fileOf, toOnnx, wholeModel } from "@gen/graph/onnx";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { linearSchedule } from "@gen/schedules";
import { expect, it } from "vitest";
import { type DiffusionPipeline, denoiser, generate, pipelineSampler } from "../src/index.ts";

const signature = {
  x: { shape: ["batch", 4] },
  t: { shape: ["batch"], dtype: "int64" },
  c: { shape: ["batch", 4] },
} as const;
const weight = constant(
  tensor(
    [...Array(16)].map((_, i) => Math.sin(3 * i)),
    [4, 4],
  ),
);
const apply = (x: Expr, _: Expr, c: Expr) => add(matmul(x, weight), mul(c, x));
const shape = [4];
const pipeline: DiffusionPipeline = {
  kind: "diffusion",
  denoiser: denoiser({ apply, parameters: [], signature }),
  scheduler: { schedule: linearSchedule(), clip: 2 },
  shape,
  vae: { image: shape, parameters: [], decode: (z) => mul(z, 2) },
};
const row = (value: number) => tensor(Array(4).fill(value), [1, 4]);
const call = (c: number, none: number, scale = 3) => ({
  ...{ steps: 3, seed: 7, count: 2, condition: { c: row(c) } },
  guidance: { scale, unconditional: { c: row(none) } },
});

/** A backend that counts its programs. */
function counted<T>(backend: Backend<T>) {
  const count = { made: 0, live: 0 };
  const compile: Backend<T>["compile"] = async (...given) => {
    const program = await backend.compile(...given);
    count.made++;
    count.live++;
    const dispose = () => {
      count.live--;
      return program.dispose();
    };
    return { ...program, dispose };
  };
  return { count, backend: { ...backend, compile } };
}

it("compiles once for all values of conditions, and gives the samples of generate", async () => {
  const { backend, count } = counted(cpuBackend());
  const ready = pipelineSampler(pipeline, { backend });
  for (const [c, none] of [
    [0.5, 0],
    [0.7, 0],
    [0.5, -0.4],
  ]) {
    const found = await ready.generate(call(c, none));
    expect(found).toEqual(await generate(pipeline, { ...call(c, none), backend: cpuBackend() }));
  }
  expect(count).toEqual({ made: 2, live: 2 });
  await ready.dispose();
  expect(count.live).toBe(0);
  expect(backend.memory().live).toBe(0);
});

it("keeps the programs of the latest guidance and shape alone", async () => {
  const { backend, count } = counted(cpuBackend());
  const ready = pipelineSampler(pipeline, { backend });
  for (const scale of [2, 3, 4]) await ready.generate(call(0.5, 0, scale));
  await ready.generate({ ...call(0.5, 0, 4), guidance: undefined });
  expect(count).toEqual({ made: 5, live: 2 });
  await expect(ready.generate({ ...call(0.5, 0), shape: [5] })).rejects.toThrow("[2, 5]");
  const wanted = await generate(pipeline, { ...call(0.5, 0), backend });
  expect(await ready.generate(call(0.5, 0))).toEqual(wanted);
  await ready.dispose();
  expect(count.live).toBe(0);
});

it("serves calls that are made at once, one after another", async () => {
  const backend = cpuBackend();
  const ready = pipelineSampler(pipeline, { backend });
  const scales = [2, 3, 2];
  const found = await Promise.all(scales.map((scale) => ready.generate(call(0.5, 0, scale))));
  for (const [i, scale] of scales.entries()) {
    expect(found[i]).toEqual(await generate(pipeline, { ...call(0.5, 0, scale), backend }));
  }
  await ready.dispose();
});

it("opens a whole model's file once, whatever the guidance and the count", async () => {
  const bytes = toOnnx(trace(({ x, t, c }) => ({ y: apply(x, t, c) }), signature));
  let opened = 0;
  const file = fileOf(bytes);
  const model = await wholeModel({
    size: bytes.length,
    read(offset, length) {
      // ONNX Runtime takes a file that has no path as a whole.
      if (offset === 0 && length === bytes.length) opened++;
      return file.read(offset, length);
    },
  });
  const before = opened;
  const { signature: ofModel, parameters } = model;
  const whole = denoiser({
    parameters,
    signature: ofModel,
    apply: (x, t, c) => model.apply({ x, t, c }).y,
  });
  const { backend, count } = counted(await onnxBackend({ provider: "cpu", threads: 1 }));
  const ready = pipelineSampler({ ...pipeline, denoiser: whole }, { backend });
  for (const options of [call(0.5, 0), call(0.7, 0, 2), { ...call(0.1, 0), count: 5 }]) {
    const found = await ready.generate(options);
    const wanted = await generate(pipeline, { ...options, backend: cpuBackend() });
    found.x.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted.x[i], 5);
    });
  }
  expect(opened - before).toBe(1);
  await ready.dispose();
  expect(count.live).toBe(0);
  await ready.generate(call(0.5, 0));
  expect(opened - before).toBe(2);
  await ready.dispose();
  await backend.close();
});
